import os
import signal
from pathlib import Path

import pytest

from suite.machine import process_memory
from suite.machine.process_memory import usable_bytes
from suite.sweep import deaths
from suite.sweep.deaths import LOOK_S, REMEMBERED_S, MemoryWatch, death

PID, CHILD = 40, 41
PAGE = os.sysconf("SC_PAGE_SIZE")
TOTAL_KB = 1_000_000
LOG = Path("runs/a/logs/point.log")


class Machine:
    """Stand-ins for the kernel's files, and the time."""

    def __init__(self, folder):
        self.folder, self.now_s = folder, 0.0
        self.write("meminfo", f"MemTotal:       {TOTAL_KB} kB\nMemFree: 1 kB\n")
        self.kills(5)
        self.holds(0.5)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def kills(self, count):
        self.write("vmstat", f"oom_kill_other 9\noom_kill {count}\n")

    def holds(self, share, pid=PID):
        pages = int(share * TOTAL_KB * 1024 / PAGE)
        self.write(f"{pid}/statm", f"{2 * pages} {pages} 0 0 0 0 0\n")

    def watch(self):
        return MemoryWatch(PID, clock=lambda: self.now_s)

    def look_after(self, watch, seconds):
        self.now_s += seconds
        watch.look()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(process_memory, "PROC", tmp_path / "proc")
    monkeypatch.setattr(process_memory, "CGROUPS", tmp_path / "cgroup")
    return Machine(tmp_path / "proc")


def killed(watch):
    return death(-signal.SIGKILL, LOG, watch)


def test_a_kill_that_the_kernel_counted_while_the_point_held_much_was_for_want_of_memory(machine):
    watch = machine.watch()
    machine.kills(6)
    kind, message = killed(watch)
    assert kind == "out_of_memory"
    assert "50 % of the 1.0 GB" in message
    assert LOG.name in message


def test_a_kill_that_nobody_counted_was_somebodys(machine):
    kind, message = killed(machine.watch())
    assert kind == "killed"
    assert "kernel" not in message


def test_a_point_that_held_little_was_not_what_the_kernel_ended(machine):
    machine.holds(deaths.LARGE_SHARE - 0.01)
    watch = machine.watch()
    machine.kills(6)
    kind, message = killed(watch)
    assert kind == "killed"
    assert "meanwhile the kernel ended some process for want of memory" in message


def test_a_kill_that_the_kernel_counted_earlier_was_of_another_process(machine):
    watch = machine.watch()
    machine.kills(6)
    machine.look_after(watch, LOOK_S)
    machine.look_after(watch, REMEMBERED_S + LOOK_S)
    assert killed(watch)[0] == "killed"
    machine.kills(7)
    assert killed(watch)[0] == "out_of_memory"


def test_what_a_point_held_before_it_began_to_end_counts(machine):
    watch = machine.watch()
    machine.look_after(watch, LOOK_S)
    machine.kills(6)
    machine.holds(0.0)
    machine.look_after(watch, LOOK_S)
    assert killed(watch)[0] == "out_of_memory"


def test_what_a_point_held_long_ago_does_not(machine):
    watch = machine.watch()
    machine.holds(0.0)
    for _ in range(3):
        machine.look_after(watch, REMEMBERED_S)
    machine.kills(6)
    assert killed(watch)[0] == "killed"


def test_a_look_is_not_taken_more_often_than_it_is_worth(machine):
    machine.holds(0.0)
    watch = machine.watch()
    machine.holds(0.5)
    machine.look_after(watch, LOOK_S / 2)
    assert watch.held_share == 0.0
    machine.look_after(watch, LOOK_S / 2)
    assert watch.held_share == pytest.approx(0.5, rel=0.01)


def test_what_a_points_own_processes_hold_is_counted_with_it(machine):
    machine.write(f"{PID}/task/{PID}/children", f"{CHILD} ")
    machine.holds(0.25, CHILD)
    assert machine.watch().held_share == pytest.approx(0.75, rel=0.01)


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("0::/box/job", "box/memory.max"),
        ("4:memory:/box/job", "memory/box/job/memory.limit_in_bytes"),
        ("4:memory:/not/seen/here", "memory/memory.limit_in_bytes"),
    ],
    ids=["version 2, of a group above", "version 1", "version 1 in a namespace"],
)
def test_a_container_may_use_what_its_group_allows(machine, line, file):
    machine.write(f"{PID}/cgroup", f"3:cpu:/elsewhere\n{line}\n")
    machine.write(f"../cgroup/{file}", "123456\n")
    assert usable_bytes(PID) == 123456


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_a_group_without_a_limit_may_use_the_machines_memory(machine, limit):
    machine.write(f"{PID}/cgroup", "0::/box\n")
    machine.write("../cgroup/box/memory.max", limit)
    assert usable_bytes(PID) == 1024 * TOTAL_KB


def test_where_the_kernel_says_nothing_a_kill_is_a_kill(tmp_path, monkeypatch):
    monkeypatch.setattr(process_memory, "PROC", tmp_path)
    assert killed(MemoryWatch(PID))[0] == "killed"


@pytest.mark.parametrize(
    ("exitcode", "kind", "words"),
    [
        (-signal.SIGTERM, "killed", "SIGTERM"),
        (-signal.SIGSEGV, "crashed", "SIGSEGV"),
        (7, "crashed", "exit code 7"),
        (None, "crashed", "exit code None"),
    ],
)
def test_other_ends_say_which_whatever_the_kernel_counted(machine, exitcode, kind, words):
    watch = machine.watch()
    machine.kills(6)
    found, message = death(exitcode, LOG, watch)
    assert found == kind
    assert words in message
    assert "memory" not in message
