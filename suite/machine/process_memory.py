"""Memory of processes and what they may use, as the kernel's files tell it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


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
