"""Several GPUs of one machine: a worker process for each, which sees that GPU alone.

The energy counter of a GPU counts its own board, so points on different boards do not disturb each other's headline.
The processor is shared: its own counter (RAPL) counts for all workers together.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from suite.errors import InputError
from suite.machine.which_gpu import visible_uuids
from suite.sweep.launchers.outcome import Lost, Work


def run(work: Work, arguments: Sequence[Any], settings: dict[str, Any]) -> Generator[tuple[int, Any], None, None]:
    """Hands the next point to whichever GPU is free.

    Args:
        work: done in the worker of a GPU, with ``CUDA_VISIBLE_DEVICES`` set to that GPU's UUID.
        arguments: one a point.
        settings: ``devices``, UUIDs of GPUs, or None for all that ``CUDA_VISIBLE_DEVICES`` lets through.

    Raises:
        InputError: there is no GPU, or one is named twice.
    """
    devices = _devices(settings)
    waiting = deque(enumerate(arguments))
    running: dict[Future[Any], tuple[str, int]] = {}
    with contextlib.ExitStack() as open_pools:
        free = {device: open_pools.enter_context(_worker(device)) for device in devices}
        workers = dict(free)
        while waiting or running:
            while waiting and free:
                device, worker = free.popitem()
                number, argument = waiting.popleft()
                running[worker.submit(work, argument)] = device, number
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                device, number = running.pop(future)
                answer = _answer(future)
                if isinstance(answer, Lost):  # its worker is gone; the GPU gets another
                    workers[device] = open_pools.enter_context(_worker(device))
                free[device] = workers[device]
                yield number, answer


def workers(settings: dict[str, Any]) -> int:
    """How many points run at once with such settings.

    Raises:
        InputError: there is no GPU, or one is named twice.
    """
    return len(_devices(settings))


def _devices(settings: dict[str, Any]) -> list[str]:
    return _checked(settings["devices"] or visible_uuids())


def _checked(devices: Any) -> list[str]:
    if not isinstance(devices, list) or not devices or len(set(devices)) < len(devices):
        remedy = "give hydra.launcher.devices=[GPU-…,GPU-…] as nvidia-smi -L lists them, each once"
        raise InputError("a worker needs a GPU of its own", got=devices, remedy=remedy)
    return [str(device) for device in devices]


def _worker(device: str) -> ProcessPoolExecutor:
    """A process that sees ``device`` alone; spawned, since a CUDA context does not survive a fork."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=_see_only, initargs=(device,))


def _see_only(device: str) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = device


def _answer(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenProcessPool:
        return Lost(kind="crashed", message="the worker of the point's GPU was ended from outside")
