"""Children of the process whose CPU time is counted."""

import subprocess
import sys

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
