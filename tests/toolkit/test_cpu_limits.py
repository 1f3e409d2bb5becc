"""What a process may use of its machine, as the kernel says, and that it is put back on every way out."""

import os
import resource
import threading

import pytest
import torch

from suite.record.schema import Reason
from suite.sweep.failure_kinds import classified
from suite.toolkit import cpu_limits

needs_two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the process may use one core")


@pytest.fixture
def other():
    """Another thread of the process, whose number the kernel knows."""
    found, stop = [], threading.Event()

    def wait():
        found.append(threading.get_native_id())
        stop.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    while not found:
        pass
    yield found[0]
    stop.set()
    thread.join()


@needs_two_cores
class TestCores:
    def test_threads_that_exist_are_pinned_and_put_back_where_they_were(self, other):
        last = {max(os.sched_getaffinity(0))}
        os.sched_setaffinity(other, last)
        with cpu_limits.on_cores(1):
            first = {min(cpu_limits.allowed_cores())}
            assert (os.sched_getaffinity(0), os.sched_getaffinity(other)) == (first, first)
            assert cpu_limits.cores_of_threads() == sorted(first)
        assert os.sched_getaffinity(other) == last
        assert len(os.sched_getaffinity(0)) >= 2

    def test_torchs_threads_stay_on_them(self):
        with cpu_limits.on_cores(1):
            torch.ones(2**18).add_(1)
            assert len(cpu_limits.cores_of_threads()) == 1

    def test_a_thread_made_inside_may_use_all_of_them_afterwards(self):
        before, started, stop, found = os.sched_getaffinity(0), threading.Event(), threading.Event(), []

        def work():
            found.append(os.sched_getaffinity(0))
            started.set()
            stop.wait()
            found.append(os.sched_getaffinity(0))

        with cpu_limits.on_cores(1):
            thread = threading.Thread(target=work)
            thread.start()
            started.wait()
        stop.set()
        thread.join()
        assert [len(cores) for cores in found] == [1, len(before)]

    def test_an_error_puts_them_back(self):
        before = os.sched_getaffinity(0)
        with pytest.raises(ValueError, match="stop"), cpu_limits.on_cores(1):
            raise ValueError("stop")
        assert os.sched_getaffinity(0) == before


class TestThreads:
    def test_they_are_as_many_as_asked_for_and_as_before_after_it(self):
        before = torch.get_num_threads()
        with cpu_limits.with_threads(before + 1):
            assert torch.get_num_threads() == before + 1
        assert torch.get_num_threads() == before

    def test_an_error_puts_them_back(self):
        before = torch.get_num_threads()
        with pytest.raises(ValueError, match="stop"), cpu_limits.with_threads(before + 1):
            raise ValueError("stop")
        assert torch.get_num_threads() == before


class TestMemory:
    def test_what_goes_beyond_the_limit_is_refused_as_an_error(self):
        held_mb = cpu_limits.memory_held_mb()
        with cpu_limits.within_memory(int(held_mb) + 200):
            torch.empty(100 * 10**6, dtype=torch.uint8)
            with pytest.raises(RuntimeError) as refused:
                torch.empty(400 * 10**6, dtype=torch.uint8)
            with pytest.raises(MemoryError) as refused_by_python:
                bytearray(400 * 10**6)
        assert cpu_limits.is_refused_memory(refused.value)
        told = classified(Reason(kind="RuntimeError", message=str(refused.value)))
        assert told.kind == "out_of_memory"  # as a point is recorded whose window has no memory left
        assert cpu_limits.is_refused_memory(refused_by_python.value)
        torch.empty(400 * 10**6, dtype=torch.uint8)

    def test_another_error_is_none_of_memory(self):
        assert not cpu_limits.is_refused_memory(RuntimeError("shapes do not match"))

    def test_the_limit_is_read_from_the_kernel_and_put_back(self):
        before = resource.getrlimit(resource.RLIMIT_DATA)
        with cpu_limits.within_memory(64_000):
            assert cpu_limits.memory_limit_mb() == 64_000
        assert resource.getrlimit(resource.RLIMIT_DATA) == before

    def test_what_is_held_counts_what_was_asked_for(self):
        before_mb = cpu_limits.memory_held_mb()
        kept = torch.empty(300 * 10**6, dtype=torch.uint8)
        assert cpu_limits.memory_held_mb() - before_mb == pytest.approx(300, abs=30)
        del kept
