"""A point's own process: it measures, tells its stages and its record, and ends where it is asked to."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import msgspec

from suite.errors import InputError
from suite.machine import cpu_contention
from suite.machine.log_levels import quieten
from suite.machine.openmp import wait_passively
from suite.measure.findings import Findings, Untold
from suite.measure.observer import Observer
from suite.record.schema import Record
from suite.sweep import point_log
from suite.sweep.failure_kinds import classified
from suite.sweep.messages import (
    FORK_UNUSABLE,
    STOP,
    BadInput,
    Died,
    Finished,
    GoodInput,
    Job,
    Look,
    Message,
    Progress,
    Stage,
    encoded,
)

if TYPE_CHECKING:
    from suite.measure.draft import Draft


class Interrupted(Exception):
    """The user pressed Ctrl-C; raised between two blocks, so that what was measured is kept."""


class Watched:
    """The observer of a point that may be asked to stop, which it does at its next stage while windows are missing."""

    def __init__(
        self,
        stop: threading.Event,
        tell_stage: Callable[[Stage], None],
        tell_findings: Callable[[Findings], None],
        *,
        ends_with: type[BaseException] = Interrupted,
    ) -> None:
        """Begins with nothing told, of a point that ends early, ``ends_with`` an error, once ``stop`` is set."""
        self._stop, self._tell_stage, self._tell_findings = stop, tell_stage, tell_findings
        self._ends_with = ends_with
        self._untold = Untold()
        self._complete = False

    def stage(self, text: str, left_s: tuple[float, float] | None = None) -> None:
        """Tells the stage; after the last window it is too late to stop, as little is left to do.

        Raises:
            BaseException: the point was asked to stop, and windows are still to come.
        """
        if self._stop.is_set() and not self._complete:
            raise self._ends_with("stopped by Ctrl-C; the same command again measures this point anew")
        self._tell_stage(Stage(text, left_s))

    def progress(self, draft: Draft) -> None:
        """Tells what is new."""
        self._complete = draft.converged is not None
        self._tell_findings(self._untold.take(draft))


def live(job: Job, theirs: Connection) -> None:
    """The process's whole life: its output goes into the point's log, its stages and one last message to the parent."""
    gc.enable()  # the server that this was forked from has it off
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which passes it on
    with contextlib.suppress(OSError):  # already the leader of a session
        os.setpgid(0, 0)  # so that the processes it starts can be ended with it
    stop = threading.Event()
    threading.Thread(target=_attend, args=(theirs, stop), daemon=True).start()
    try:
        point_log.print_into(job.log)
        quieten()
        wait_passively()
        point_log.note("started")
        if job.config["device"] == "cuda" and _cannot_use_cuda():
            _tell(theirs, Died(FORK_UNUSABLE, "the process this one was forked from has touched CUDA"))
            return
        watched = Watched(stop, functools.partial(_tell_stage, theirs), functools.partial(_tell_findings, theirs))
        record = measure(job, watched)
        point_log.note("finished")
        _tell(theirs, Finished(record))
    except InputError as error:
        _tell(theirs, BadInput.of(error))
    except Exception as error:  # noqa: BLE001 - the boundary of a process: whatever surprised it becomes the reason
        traceback.print_exc()
        _tell(theirs, Died(type(error).__name__, str(error)))
    with contextlib.suppress(OSError):  # a full disk took the log, not the record
        sys.stdout.flush()
        sys.stderr.flush()


def look(points: Sequence[tuple[dict[str, Any], dict[str, str]]], theirs: Connection) -> None:
    """The whole life of a process that only looks at points' models and data, and tells what is wrong.

    Args:
        points: configuration and labels of each.
        theirs: to the parent, which looks itself where no message comes.
    """
    from suite.config.build import plan_of
    from suite.sweep.inputs import check_inputs

    gc.enable()
    threading.Thread(target=_attend, args=(theirs, threading.Event()), daemon=True).start()
    try:
        check_inputs(plan_of(config, labels) for config, labels in points)
        _tell(theirs, GoodInput())
    except InputError as error:
        _tell(theirs, BadInput.of(error))


def _cannot_use_cuda() -> bool:
    """Whether CUDA was touched before the fork, as torch notes it: no context of this process would work."""
    import torch

    return bool(torch.cuda._is_in_bad_fork())


def measure(job: Job, observer: Observer) -> Record:
    """The point's record, with what other processes took of the machine meanwhile."""
    from suite.config.build import plan_of  # here, so that the parent's command line starts without torch
    from suite.measure import point

    watch = cpu_contention.begin()
    plan = plan_of(job.config, job.labels)
    record = point.measure(plan, observer, job.limits)
    others = cpu_contention.foreign_load(watch)
    is_own = plan.endpoints is None  # a server is another process, and the load that was asked for
    warning = cpu_contention.busy_machine(others) if plan.point.device == "cpu" and record.windows and is_own else None
    return msgspec.structs.replace(
        record,
        reason=classified(record.reason) if record.reason else None,
        environment=record.environment | ({"foreign_load": others.as_noted()} if others else {}),
        warnings=[*record.warnings, *([warning] if warning else [])],
    )


def _attend(theirs: Connection, stop: threading.Event) -> None:
    """Waits for the parent's word: to stop, or its death, after which nobody would take the record."""
    try:
        while theirs.recv_bytes() == STOP:
            stop.set()
    except (EOFError, OSError):
        os._exit(1)


def _tell_stage(theirs: Connection, stage: Stage) -> None:
    point_log.note(stage.text)
    _tell(theirs, stage)


def _tell_findings(theirs: Connection, findings: Findings) -> None:
    _tell(theirs, Progress(msgspec.Raw(msgspec.json.encode(findings))))


def _tell(theirs: Connection, message: Message | Look) -> None:
    """Sends to the parent; ends this process where nobody listens any more, for that is no failure of the point."""
    content = encoded(message)
    try:
        theirs.send_bytes(content)
    except BrokenPipeError:
        os._exit(1)
