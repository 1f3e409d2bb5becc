"""Each point in a process of its own, forked from a server that has imported the libraries and touched no GPU.

A point that crashes, is killed or hangs thus ends as a failed record, and what one technique left behind in
memory or in global switches cannot change the next one's figures. The point's process sends what it knows after every
block and its record at the end; only the process that started it writes to the disk, so that nothing is written twice
where that one was killed meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import multiprocessing.util
import os
import pickle
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from suite.errors import InputError
from suite.io.redaction import redact_file
from suite.measure.findings import Findings
from suite.record.schema import Record
from suite.sweep import child
from suite.sweep.deaths import LOOK_S, MemoryWatch, death
from suite.sweep.messages import (
    FORK_UNUSABLE,
    STOP,
    BadInput,
    Died,
    Finished,
    Job,
    Progress,
    Stage,
    decoded,
    decoded_look,
)

if TYPE_CHECKING:
    from suite.config.plan import PlannedPoint

PRELOAD = ["suite.sweep.preload"]
TIMEOUT = "timeout"
"""Kind of the reason of a point that was stopped since its time was up."""
_LONGEST_TEMPORARY = 107 - len("/pymp-xxxxxxxx/listener-xxxxxxxx")
_SHORT = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - only the parents of a folder that is made safely
_NOT_STARTED = (OSError, EOFError, pickle.PicklingError, TypeError, AttributeError)
_END_S = 10.0  # for a process that has sent its last message, or was killed, to be gone


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a point ended: with its record, or with the kind and message of its death.

    Attributes:
        found: what a point without a record had told before, block by block.
        bad_input: what the point found wrong with the user's input; its ``kind`` is ``bad_input``.
        interrupted: Ctrl-C was pressed meanwhile, so that no other point shall start.
    """

    record: Record | None
    kind: str | None = None
    message: str | None = None
    found: tuple[Findings, ...] = ()
    bad_input: InputError | None = None
    interrupted: bool = False


def run_here(job: Job, notify: Callable[[Stage], None]) -> Outcome:
    """Measures in this process: a debugger works, a crash takes everything down.

    After Ctrl-C the point ends with what no library takes for an error of its own, so that no traceback is printed.
    """
    stop = threading.Event()
    found: list[Findings] = []
    watched = child.Watched(stop, notify, found.append, ends_with=KeyboardInterrupt)
    with _on_ctrl_c(stop.set):
        try:
            outcome = Outcome(record=child.measure(job, watched))
        except InputError as error:
            outcome = _bad_input(error)
        except KeyboardInterrupt as error:
            stop.set()
            message = str(error) or _AT_ONCE.message
            outcome = dataclasses.replace(_AT_ONCE, message=message, found=tuple(found))
    return dataclasses.replace(outcome, interrupted=stop.is_set())


def run_isolated(job: Job, notify: Callable[[Stage], None]) -> Outcome:
    """Measures in a fresh child. Whatever becomes of it is an outcome, never an error of this process.

    Where a library has touched CUDA in the server after all, which no fork survives, the child starts from nothing.
    """
    outcome = _run_in("forkserver", job, notify)
    return _run_in("spawn", job, notify) if outcome.kind == FORK_UNUSABLE else outcome


def start_server(config: Mapping[str, Any]) -> bool:
    """Starts the server that points are forked from, which imports its libraries while this process goes on.

    Args:
        config: of the first point; where it has no process of its own, or waits for its hour, it is not started yet.

    Returns:
        Whether it was. Where it does not start, the first point tries again and tells why.
    """
    if config["isolation"] != "process" or config["schedule"]["name"] != "now":
        return False
    with contextlib.suppress(OSError):
        _fork_context()
        forkserver.ensure_running()
        return True
    return False


def look_isolated(points: Sequence[PlannedPoint]) -> InputError | None:
    """What is wrong with models and data of ``points``, found by a process that is forked from the points' server.

    It has the libraries already, whose import takes longer than looking.

    Raises:
        ChildProcessError: it told nothing; its own error, if it had one, stands on stderr.
    """
    context = _fork_context()
    ours, theirs = context.Pipe()
    asked = [(point.plan.config, point.labels) for point in points]
    process = context.Process(target=child.look, args=(asked, theirs))
    try:
        process.start()
        theirs.close()
        found = decoded_look(ours.recv_bytes())
    except (*_NOT_STARTED, msgspec.DecodeError) as error:
        raise ChildProcessError(f"models and data could not be looked at: {error}") from error
    finally:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join(timeout=_END_S)
    return found.error if isinstance(found, BadInput) else None


def _fork_context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    _keep_socket_short()
    return context


def _run_in(method: Literal["forkserver", "spawn"], job: Job, notify: Callable[[Stage], None]) -> Outcome:
    context = multiprocessing.get_context("spawn") if method == "spawn" else _fork_context()
    ours, theirs = context.Pipe()
    process = context.Process(target=child.live, args=(job, theirs))
    try:
        process.start()
    except _NOT_STARTED as error:
        ours.close()
        return Outcome(record=None, kind="not_started", message=f"the point's process did not start: {error}")
    finally:
        theirs.close()
    following = _Following(process, ours, job, notify)
    with _on_ctrl_c(following.ask_to_stop):
        outcome = following.outcome()
    redact_file(job.log)
    return outcome


def _keep_socket_short() -> None:
    """Python's servers listen at a path below the temporary folder; the kernel takes no path above 107 bytes.

    Clusters give each job a temporary folder of its own, with a long name.
    """
    if len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_TEMPORARY:
        return
    usual = tempfile.tempdir
    short = next((folder for folder in _SHORT if os.access(folder, os.W_OK | os.X_OK)), usual)
    try:
        tempfile.tempdir = short
        multiprocessing.util.get_temp_dir()  # made once a process, and removed with it
    finally:
        tempfile.tempdir = usual


class _Following:
    """A point's process, followed until it ends or is ended."""

    def __init__(self, process: BaseProcess, ours: Connection, job: Job, notify: Callable[[Stage], None]) -> None:
        assert process.pid is not None
        self._process, self._pid, self._ours, self._job, self._notify = process, process.pid, ours, job, notify
        self._memory = MemoryWatch(self._pid)
        self._told: list[msgspec.Raw] = []
        self._stopping = False

    def ask_to_stop(self) -> None:
        """Asks the point to end where its block ends."""
        self._stopping = True
        self._notify(Stage("finishing the block; Ctrl-C again ends at once"))
        with contextlib.suppress(OSError):  # it has just ended by itself
            self._ours.send_bytes(STOP)

    def outcome(self) -> Outcome:
        """Waits for the end; what a point without a record had told is in its outcome."""
        try:
            outcome = self._followed()
        except KeyboardInterrupt:
            self._stopping, outcome = True, _AT_ONCE
        found = () if outcome.record is not None else tuple(_readable(self._told))
        return dataclasses.replace(outcome, found=found, interrupted=self._stopping)

    def _followed(self) -> Outcome:
        deadline_s = time.monotonic() + self._job.timeout_s
        try:
            outcome = self._listen(deadline_s)
            if outcome is None and time.monotonic() >= deadline_s:
                message = f"stopped after point_timeout_s={self._job.timeout_s:g} s"
                return Outcome(record=None, kind=TIMEOUT, message=message)
            self._process.join(timeout=_END_S)  # it is about to end by itself
            return outcome or self._died()
        finally:
            self._end()

    def _listen(self, deadline_s: float) -> Outcome | None:
        """Passes stages on until the child tells its outcome; None when it died or the time is up."""
        while (left_s := deadline_s - time.monotonic()) > 0:
            self._memory.look()
            if not self._ours.poll(min(left_s, LOOK_S)):
                continue
            try:
                message = decoded(self._ours.recv_bytes())
            except (EOFError, ConnectionResetError):
                return None
            except msgspec.DecodeError as error:
                return Outcome(record=None, kind="unreadable_record", message=str(error))
            if isinstance(message, Stage):
                self._notify(message)
            elif isinstance(message, Progress):
                self._told.append(message.found)  # read at the end, if at all: the point is about to go on measuring
            else:
                return _last_word(message)
        return None

    def _died(self) -> Outcome:
        """The outcome of a process that ended without a word."""
        kind, message = death(self._process.exitcode, self._job.log, self._memory)
        return Outcome(record=None, kind="interrupted" if self._stopping else kind, message=message)

    def _end(self) -> None:
        """Kills what is left of the child and of the processes that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)
        self._process.kill()  # where it died before it had a group of its own
        self._process.join(timeout=_END_S)  # one that hangs in its driver does not end even so
        self._ours.close()


def _last_word(message: Finished | BadInput | Died) -> Outcome:
    if isinstance(message, Finished):
        return Outcome(record=message.record)
    if isinstance(message, BadInput):
        return _bad_input(message.error)
    return Outcome(record=None, kind=message.kind, message=message.message)


def _bad_input(error: InputError) -> Outcome:
    return Outcome(record=None, kind="bad_input", message=str(error), bad_input=error)


def _readable(told: Sequence[msgspec.Raw]) -> Iterator[Findings]:
    """Findings as told; those with figures that JSON cannot hold (NaN) are left out."""
    for each in told:
        with contextlib.suppress(msgspec.DecodeError):
            yield msgspec.json.decode(each, type=Findings)


_AT_ONCE = Outcome(record=None, kind="interrupted", message="ended at once by a second Ctrl-C")


@contextlib.contextmanager
def _on_ctrl_c(request: Callable[[], None]) -> Iterator[None]:
    """Turns the first Ctrl-C into ``request``; a second one interrupts as usual."""
    usual = signal.getsignal(signal.SIGINT)
    if usual == signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield  # ignored by whoever started us; or a thread, which signals never reach
        return

    def first(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, usual)
        request()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
