"""Each point in a process of its own, on a CPU forked from a server that has imported the libraries.

A point that crashes, is killed or hangs thus ends as a failed record, and what one technique left behind in
memory or in global switches cannot change the next one's figures.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.quiet import quieten
from suite.record import Record, save

PRELOAD = ["suite.preload"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What a point's process is given: plain data only."""

    config: dict[str, Any]
    labels: dict[str, str]
    records: Path
    log: Path
    timeout_s: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a point's process ended: with a record's file, or with the kind and message of its death."""

    record: Path | None
    kind: str | None = None
    message: str | None = None


def run_here(job: Job, notify: Callable[[str], None]) -> Outcome:
    """Measures in this process: a debugger works, a crash takes everything down."""
    return Outcome(record=save(_measure(job, notify), job.records))


def run_isolated(job: Job, notify: Callable[[str], None]) -> Outcome:
    """Measures in a fresh child.

    Raises:
        InputError: the child found bad input.
    """
    # Some libraries that the server preloads open a CUDA context as they are imported, and a context does not survive
    # a fork: where CUDA does the work each point starts from nothing, some seconds later.
    on_cuda = job.config["device"] == "cuda"
    context = multiprocessing.get_context("spawn") if on_cuda else multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(job, sender))
    process.start()
    sender.close()
    deadline_s = time.monotonic() + job.timeout_s
    try:
        outcome = _listen(receiver, deadline_s, notify)
        if time.monotonic() < deadline_s:
            process.join(timeout=10)  # its last message is here: it is about to end by itself
    finally:
        process.kill()  # hung, or this process was interrupted; does nothing to one that has ended
        process.join()
        receiver.close()
    if outcome is not None:
        return outcome
    if time.monotonic() >= deadline_s:
        return Outcome(record=None, kind="timeout", message=f"stopped after point_timeout_s={job.timeout_s:g} s")
    return Outcome(record=None, kind="crashed", message=_death(process.exitcode, job.log))


def _listen(receiver: Connection, deadline_s: float, notify: Callable[[str], None]) -> Outcome | None:
    """Passes stages on until the child sends its outcome; None when it died or the time is up."""
    while receiver.poll(max(0.0, deadline_s - time.monotonic())):
        try:
            kind, value = receiver.recv()
        except EOFError:
            return None
        if kind == "stage":
            notify(value)
        elif kind == "record":
            return Outcome(record=value)
        elif kind == "input_error":
            what, got, remedy = value
            raise InputError(what, got=got, remedy=remedy)
    return None


def _death(exitcode: int | None, log: Path) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the point's process was ended by {signal.Signals(-exitcode).name}; its log: {log.name}"
    return f"the point's process ended with exit code {exitcode} before its record was written; its log: {log.name}"


def _child(job: Job, sender: Connection) -> None:
    """The child's whole life: output into the point's log, one message at the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends this process
    job.log.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    quieten()
    try:
        record = save(_measure(job, lambda stage: _tell(sender, stage)), job.records)
        sender.send(("record", record))
    except InputError as error:
        sender.send(("input_error", (error.what, error.got, error.remedy)))
    sys.stdout.flush()
    sys.stderr.flush()


def _tell(sender: Connection, stage: str) -> None:
    """Passes a stage on; ends this process where nobody listens any more, for that is no failure of the point."""
    try:
        sender.send(("stage", stage))
    except BrokenPipeError:
        os._exit(1)


def _measure(job: Job, notify: Callable[[str], None]) -> Record:
    from suite.assemble import plan_of  # here, so that the parent's command line starts without torch
    from suite.runner import measure

    return measure(plan_of(job.config, job.labels), notify)
