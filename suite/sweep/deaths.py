"""How a point's process died, where it could not say so itself: from its exit code, and from its memory before.

A process that the kernel ends for want of memory gets SIGKILL, as one that somebody kills does. The kernel counts what
it ends, but for the whole machine: one of them was the point's only if that was just now, while the point's process
held much of the memory there was. The kernel chooses the process that holds most.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from suite.units import BYTES_PER_GB

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
LOOK_S = 0.5
"""Time between two looks at a process: each reads a few small files, which takes no share of a core worth counting."""
REMEMBERED_S = 10.0
"""A process that held much memory takes seconds to be gone after the kernel has ended and counted it."""
LARGE_SHARE = 0.25
"""Of the memory that a process may use; where no process holds so much, memory is spread over many others."""


class _Look(NamedTuple):
    at_s: float
    kernel_kills: int
    held_bytes: int


class MemoryWatch:
    """The memory of a process while it lives, and how often the kernel wanted memory meanwhile."""

    def __init__(self, pid: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes the first look at process ``pid``."""
        self._pid, self._clock = pid, clock
        self._usable_bytes = usable_bytes(pid)
        self._first_kills = kernel_kills()
        self._looks: deque[_Look] = deque()
        self.look()

    def look(self) -> None:
        """Looks at the process again where the last look is long enough ago."""
        now_s = self._clock()
        if self._looks and now_s - self._looks[-1].at_s < LOOK_S:
            return
        self._looks.append(_Look(now_s, kernel_kills(), held_bytes(self._pid)))
        while len(self._looks) > 1 and now_s - self._looks[1].at_s >= REMEMBERED_S:
            self._looks.popleft()

    @property
    def held_share(self) -> float:
        """The largest share that the process held, in the last seconds, of the memory that it may use."""
        return max(look.held_bytes for look in self._looks) / self._usable_bytes

    @property
    def usable_gb(self) -> float:
        """Gigabytes that the process may use."""
        return self._usable_bytes / BYTES_PER_GB

    @property
    def ended_it(self) -> bool:
        """Whether the kernel ended a process for want of memory just now, and this one held much of it."""
        lately = kernel_kills() > self._looks[0].kernel_kills
        return lately and self._usable_bytes > 0 and self.held_share >= LARGE_SHARE

    @property
    def ended_any(self) -> bool:
        """Whether the kernel ended a process for want of memory since the first look, this one or another."""
        return kernel_kills() > self._first_kills


def death(exitcode: int | None, log: Path, memory: MemoryWatch) -> tuple[str, str]:
    """Kind and message for a point's process that ended without a word.

    Args:
        exitcode: as ``multiprocessing`` gives it, below 0 for a signal; None where it could not be learnt.
        log: the point's.
        memory: of the process, while it lived.
    """
    if exitcode == -signal.SIGKILL and memory.ended_it:
        held = f"it held {100 * memory.held_share:.0f} % of the {memory.usable_gb:.1f} GB that it may use"
        return "out_of_memory", f"the kernel ended the point's process for want of memory ({held}); its log: {log.name}"
    if exitcode is not None and exitcode < 0:
        what = f"the point's process was ended by {signal.Signals(-exitcode).name}"
        if exitcode == -signal.SIGKILL and memory.ended_any:
            what += " (meanwhile the kernel ended some process for want of memory)"
        kind = "killed" if exitcode in (-signal.SIGKILL, -signal.SIGTERM) else "crashed"
        return kind, f"{what}; its log: {log.name}"
    what = f"the point's process ended with exit code {exitcode} before its record was there"
    return "crashed", f"{what}; its log: {log.name}"


def kernel_kills() -> int:
    """How often the kernel has ended a process for want of memory since it started; 0 where it does not say."""
    return _figure(PROC / "vmstat", "oom_kill ")


def held_bytes(pid: int) -> int:
    """Resident bytes of a process and of those that it started, where the kernel lists these; 0 where it is gone."""
    return sum(_resident_pages(each) for each in _family(pid)) * os.sysconf("SC_PAGE_SIZE")


def usable_bytes(pid: int) -> int:
    """The machine's memory, or the limit of the control groups that a process is in where that is lower."""
    return min([1024 * _figure(PROC / "meminfo", "MemTotal:"), *_limits(pid)])


def _figure(file: Path, key: str) -> int:
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    return 0


def _resident_pages(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int((PROC / str(pid) / "statm").read_text().split()[1])
    return 0


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):  # many kernels are built without these lists
        for child in (PROC / str(pid) / "task" / str(pid) / "children").read_text().split():
            yield from _family(int(child))


def _limits(pid: int) -> Iterator[int]:
    """Limits in bytes of the control groups that a process is in (version 1 or 2), from its own up to the root."""
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "memory"):
                root = CGROUPS / controllers
                for group in (PurePosixPath(path), *PurePosixPath(path).parents):
                    yield from _limit(root / group.relative_to("/"))


def _limit(group: Path) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
            yield int((group / name).read_text())
