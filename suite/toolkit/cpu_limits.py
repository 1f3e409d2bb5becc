"""What a process may use of its machine: cores, threads, memory. Each is a context that puts back what was before."""

from __future__ import annotations

import contextlib
import os
import re
import resource
from collections.abc import Iterator
from pathlib import Path

import torch

_TASKS, _STATUS = Path("/proc/self/task"), Path("/proc/self/status")
_PARALLEL_ELEMENTS = 2**17  # more than torch gives to a single thread


def allowed_cores() -> list[int]:
    """The cores that this process may use, in order."""
    return sorted(os.sched_getaffinity(0))


def cores_of_threads() -> list[int]:
    """The cores that any thread of this process may use at this moment, as the kernel says."""
    return sorted(set().union(*_masks().values()))


@contextlib.contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Keeps every thread of this process on the first ``count`` cores that it may use.

    Linux pins threads, not processes, and torch's exist already. Those that are made inside inherit from their maker.
    """
    before, own = _masks(), os.sched_getaffinity(0)
    chosen = set(allowed_cores()[:count])
    try:
        for thread in before:
            _pin(thread, chosen)
        yield
    finally:
        for thread in _threads():
            _pin(thread, before.get(thread, own))


def _threads() -> list[int]:
    return [int(entry.name) for entry in _TASKS.iterdir()]


def _masks() -> dict[int, set[int]]:
    masks = {}
    for thread in _threads():
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            masks[thread] = os.sched_getaffinity(thread)
    return masks


def _pin(thread: int, cores: set[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.sched_setaffinity(thread, cores)


@contextlib.contextmanager
def with_threads(count: int) -> Iterator[None]:
    """Has torch compute on ``count`` threads. They are there before the block begins, and as before after it."""
    before = torch.get_num_threads()
    _set_threads(count)
    try:
        yield
    finally:
        _set_threads(before)


def _set_threads(count: int) -> None:
    torch.set_num_threads(count)
    torch.ones(_PARALLEL_ELEMENTS).add_(1)  # OpenMP makes and ends its threads at the next parallel work


@contextlib.contextmanager
def within_memory(megabytes: int) -> Iterator[None]:
    """Limits the data of this process (``RLIMIT_DATA``, Linux 4.7 or newer) to so many MB of 10^6 bytes.

    These are the heap and all private writable memory, the threads' stacks among it: what is held, whether touched or
    not. What is asked for beyond it is refused, which Python and torch raise as errors.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 10**6, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def memory_limit_mb() -> float | None:
    """The limit in force, in MB of 10^6 bytes; None where there is none."""
    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return None if soft == resource.RLIM_INFINITY else soft / 1e6


def memory_held_mb() -> float:
    """What counts towards the limit at this moment, in MB of 10^6 bytes."""
    found = re.search(r"^VmData:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    assert found is not None, "Linux states it of every process"
    return int(found[1]) * 1024 / 1e6


def is_refused_memory(error: BaseException) -> bool:
    """Whether an error says that memory was refused: Python's own, or torch's on a CPU."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
