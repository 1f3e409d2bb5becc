"""How a point's process died, where it could not say so itself: from its exit code, and from its memory before.

A process that the kernel ends for want of memory gets SIGKILL, as one that somebody kills does. The kernel counts what
it ends, but for the whole machine: one of them was the point's only if that was just now, while the point's process
held much of the memory there was. The kernel chooses the process that holds most.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from suite.machine.process_memory import held_bytes, kernel_kills, usable_bytes
from suite.units import BYTES_PER_GB

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
