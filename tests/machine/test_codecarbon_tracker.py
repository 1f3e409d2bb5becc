"""The process whose CPU time is counted, and its children."""

import subprocess
import sys
import time

import psutil
import pytest

from suite.machine import codecarbon_tracker
from suite.machine.codecarbon_tracker import process_of

ALONE = "print('ready', flush=True); input()"
WITH_A_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']); {ALONE}"


@pytest.fixture
def counted():
    """Another process, counted, that runs some Python code until the test ends."""
    started = []

    def start(code):
        started.append(subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert started[0].stdout.readline()
        return process_of(started[0].pid)

    yield start
    for each in started:
        each.communicate(b"\n\n")


def test_without_a_child_the_table_of_processes_is_not_read(counted, monkeypatch):
    monkeypatch.setattr(psutil, "_ppid_map", lambda: pytest.fail("read the table"))
    assert counted(ALONE).children(recursive=True) == []


def test_children_are_found(counted):
    process = counted(WITH_A_CHILD)
    assert [child.ppid() for child in process.children(recursive=True)] == [process.pid]


def test_where_the_kernel_does_not_say_the_table_is_read(counted, monkeypatch):
    class Unreadable:
        def __init__(self, path):
            pass

        def iterdir(self):
            raise FileNotFoundError

    monkeypatch.setattr(codecarbon_tracker, "Path", Unreadable)
    assert len(counted(WITH_A_CHILD).children()) == 1


def test_cpu_time_is_known_to_less_than_a_tick_of_the_kernel():
    process, seen = process_of(None), set()
    for _ in range(50):
        sum(range(10_000))
        times = process.cpu_times()
        seen.add(times.user + times.system)
    assert len(seen) == 50  # psutil's own would repeat itself: these take less than 10 ms together
    assert times.user == pytest.approx(time.process_time(), abs=0.1)


def test_so_is_another_processs(counted):
    process = counted(ALONE)
    coarse = psutil.Process(process.pid).cpu_times()
    assert process.cpu_times().user == pytest.approx(coarse.user + coarse.system, abs=0.05)


def test_without_such_a_clock_it_is_psutils(monkeypatch):
    def absent(clock):
        raise OSError

    monkeypatch.setattr(codecarbon_tracker.time, "clock_gettime", absent)
    assert process_of(None).cpu_times().user == pytest.approx(psutil.Process().cpu_times().user, abs=0.1)
