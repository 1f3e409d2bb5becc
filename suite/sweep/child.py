"""A point's own process: it measures, tells its stages and its record, and ends where it is asked to."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection

import msgspec

from suite.errors import InputError
from suite.machine import cpu_contention
from suite.machine.log_levels import quieten
from suite.record.schema import Record
from suite.sweep import point_log
from suite.sweep.failure_kinds import classified
from suite.sweep.messages import STOP, BadInput, Died, Finished, Job, Message, Stage, encoded


class Interrupted(Exception):
    """The user pressed Ctrl-C; raised between two windows, so that what was measured is kept."""


def live(job: Job, theirs: Connection) -> None:
    """The process's whole life: its output goes into the point's log, its stages and one last message to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which passes it on
    with contextlib.suppress(OSError):  # already the leader of a session
        os.setpgid(0, 0)  # so that the processes it starts can be ended with it
    stop = threading.Event()
    threading.Thread(target=_attend, args=(theirs, stop), daemon=True).start()
    try:
        point_log.print_into(job.log)
        quieten()
        point_log.note("started")
        record = measure(job, until(stop, lambda stage: _tell_stage(theirs, stage)))
        point_log.note("finished")
        _tell(theirs, Finished(record))
    except InputError as error:
        _tell(theirs, BadInput.of(error))
    except Exception as error:  # noqa: BLE001 - the border of a process: whatever surprised it becomes the reason
        traceback.print_exc()
        _tell(theirs, Died(type(error).__name__, str(error)))
    with contextlib.suppress(OSError):  # a full disk took the log, not the record
        sys.stdout.flush()
        sys.stderr.flush()


def measure(job: Job, notify: Callable[[str], None]) -> Record:
    """The point's record, with what other processes took of the machine meanwhile."""
    from suite.config.build import plan_of  # here, so that the parent's command line starts without torch
    from suite.measure import point

    watch = cpu_contention.begin()
    record = point.measure(plan_of(job.config, job.labels), notify)
    others = cpu_contention.foreign_load(watch)
    warning = cpu_contention.busy_machine(others) if record.point.device == "cpu" and record.windows else None
    return msgspec.structs.replace(
        record,
        reason=classified(record.reason) if record.reason else None,
        environment=record.environment | ({"foreign_load": others.as_noted()} if others else {}),
        warnings=[*record.warnings, *([warning] if warning else [])],
    )


def until(stop: threading.Event, notify: Callable[[str], None]) -> Callable[[str], None]:
    """``notify`` that ends the measurement where it was asked to stop: each block is told of as it starts."""

    def tell(stage: str) -> None:
        if stop.is_set():
            raise Interrupted("stopped by Ctrl-C; the same command again measures this point anew")
        notify(stage)

    return tell


def _attend(theirs: Connection, stop: threading.Event) -> None:
    """Waits for the parent's word: to stop, or its death, after which nobody would take the record."""
    try:
        while theirs.recv_bytes() == STOP:
            stop.set()
    except (EOFError, OSError):
        os._exit(1)


def _tell_stage(theirs: Connection, stage: str) -> None:
    point_log.note(stage)
    _tell(theirs, Stage(stage))


def _tell(theirs: Connection, message: Message) -> None:
    """Sends to the parent; ends this process where nobody listens any more, for that is no failure of the point."""
    content = encoded(message)
    try:
        theirs.send_bytes(content)
    except BrokenPipeError:
        os._exit(1)
