"""Techniques that give a window another machine: fewer threads, cores or memory."""

import os

import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.mitigations.federated_and_edge.edge import Edge
from suite.mitigations.optimised_hardware.cores import Cores
from suite.mitigations.optimised_hardware.threads import Threads
from suite.toolkit import cpu_limits
from tests.fakes import admit, fake_setup

needs_two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the process may use one core")


@pytest.fixture(autouse=True)
def two_threads():
    with cpu_limits.with_threads(2):
        yield


def edge(**changes):
    return Edge(**({"cores": 1, "threads": 1, "memory_mb": 64_000} | changes))


class TestThreads:
    def test_they_hold_in_windows_alone(self):
        before = fake_setup("image")
        after = Threads(count=1).apply(before)
        assert Threads(count=1).proof(before, after)["threads"] == {"before": 2, "after": 1}
        assert torch.get_num_threads() == 2

    def test_as_many_as_there_are_is_not_applicable(self):
        with pytest.raises(NotApplicable, match="2 threads already"):
            Threads(count=2).apply(fake_setup("image"))

    def test_more_than_cores_is_not_applicable(self):
        with pytest.raises(NotApplicable, match="would wait for each other"):
            Threads(count=len(os.sched_getaffinity(0)) + 1).apply(fake_setup("image"))


@needs_two_cores
class TestCores:
    def test_they_hold_in_windows_alone(self):
        before = fake_setup("image")
        after = Cores(count=1).apply(before)
        seen = Cores(count=1).proof(before, after)
        allowed = sorted(os.sched_getaffinity(0))
        assert seen["numbers"] == {"before": allowed, "after": allowed[:1]}

    def test_all_that_there_are_is_not_applicable(self):
        with pytest.raises(NotApplicable, match="no fewer"):
            Cores(count=len(os.sched_getaffinity(0))).apply(fake_setup("image"))

    def test_stacked_with_threads_both_hold(self):
        after = Cores(count=1).apply(Threads(count=1).apply(fake_setup("image")))
        with after.held():
            assert (torch.get_num_threads(), len(cpu_limits.cores_of_threads())) == (1, 1)


class TestEdge:
    @needs_two_cores
    def test_all_three_hold_in_windows_alone(self):
        before = fake_setup("image")
        seen = edge().proof(before, edge().apply(before))["machine"]
        cores = len(os.sched_getaffinity(0))
        assert seen["before"] == {"cores": cores, "threads": 2, "memory_limit_mb": cpu_limits.memory_limit_mb()}
        assert seen["after"] == {"cores": 1, "threads": 1, "memory_limit_mb": 64_000}

    def test_without_a_limit_memory_stays_as_it_is(self):
        after = edge(memory_mb=None).apply(fake_setup("image"))
        with after.held():
            assert cpu_limits.memory_limit_mb() is None

    def test_less_memory_than_the_process_holds_is_not_applicable(self):
        with pytest.raises(NotApplicable, match="before its first query"):
            edge(memory_mb=10).apply(fake_setup("image"))

    def test_a_batch_that_does_not_fit_is_not_applicable(self, monkeypatch):
        setup = fake_setup("image")
        monkeypatch.setattr(type(setup.task), "run", lambda *args: torch.empty(10**9, dtype=torch.uint8) and None)
        with pytest.raises(NotApplicable, match="a batch of 4 does not fit"):
            edge(memory_mb=int(cpu_limits.memory_held_mb()) + 200).apply(setup)

    def test_another_error_is_not_taken_for_it(self, monkeypatch):
        setup = fake_setup("image")
        monkeypatch.setattr(type(setup.task), "run", lambda *args: torch.ones(2) @ torch.ones(3))
        with pytest.raises(RuntimeError, match="size"):
            edge().apply(setup)

    def test_more_cores_than_there_are_is_not_applicable(self):
        with pytest.raises(NotApplicable, match="cores, not 9999"):
            edge(cores=9999).apply(fake_setup("image"))

    @pytest.mark.parametrize("bad", [{"cores": 0}, {"threads": 0}, {"memory_mb": 0}])
    def test_bad_figures_are_named(self, bad):
        with pytest.raises(InputError, match=f"edge.{next(iter(bad))}"):
            edge(**bad)


@pytest.mark.parametrize("technique", [Threads(count=1), Cores(count=1), edge()])
def test_on_a_gpu_it_is_not_applicable(technique):
    with pytest.raises(NotApplicable):
        admit(technique, fake_setup("image", device="cuda"), (9, 0))
