"""A point that takes no time, which answers in place of a measurement where ``tests.stand_in_server`` is preloaded.

What it does stands in the job's labels: the record's JSON, or ``!`` and the name of a deed or error of ``DEEDS``.
Nothing here imports torch, so that a sweep of many points starts in a fraction of a second.
"""

from __future__ import annotations

import multiprocessing.forkserver
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from suite.errors import InputError
from suite.record.schema import Record
from suite.sweep import process
from suite.sweep.messages import Job

LABEL = "stand_in"
STEPS_S = 0.004


def bad_input() -> None:
    raise InputError("the label is unknown", got="cat", remedy="use dog")


DEEDS: dict[str, Callable[[], Any]] = {
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(600),
    "memory": lambda: bytearray(1 << 50),
    "disk": lambda: Path("/dev/full").write_bytes(b"x"),
    "input": bad_input,
}


def measure(job: Job, notify: Callable[[str], None]) -> Record:
    for step in range(4):
        notify(f"block {step + 1}")
        time.sleep(STEPS_S)
    told = job.labels[LABEL]
    if told.startswith("!"):
        DEEDS[told[1:]]()
    return msgspec.json.decode(told, type=Record)


def use_own_server() -> None:
    """In a forked process: points come from a server of its own, which knows this stand-in and nothing slow."""
    server = multiprocessing.forkserver._forkserver
    server._forkserver_address = server._forkserver_alive_fd = server._forkserver_pid = None
    process.PRELOAD = ["tests.stand_in_server"]
