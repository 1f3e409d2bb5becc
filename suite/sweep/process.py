"""Each point in a process of its own, on a CPU forked from a server that has imported the libraries.

A point that crashes, is killed or hangs thus ends as a failed record, and what one technique left behind in
memory or in global switches cannot change the next one's figures. The point's process sends its record; only the
process that started it writes to the disk, so that nothing is written twice where that one was killed meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import msgspec

from suite.errors import InputError
from suite.io.redaction import redact_file
from suite.record.schema import Record
from suite.sweep import child
from suite.sweep.deaths import LOOK_S, MemoryWatch, death
from suite.sweep.messages import STOP, BadInput, Died, Finished, Job, Stage, decoded

PRELOAD = ["suite.sweep.preload"]
_END_S = 10.0  # for a process that has sent its last message, or was killed, to be gone


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a point ended: with its record, or with the kind and message of its death.

    Attributes:
        bad_input: what the point found wrong with the user's input; its ``kind`` is ``bad_input``.
        interrupted: Ctrl-C was pressed meanwhile, so that no other point shall start.
    """

    record: Record | None
    kind: str | None = None
    message: str | None = None
    bad_input: InputError | None = None
    interrupted: bool = False


def run_here(job: Job, notify: Callable[[str], None]) -> Outcome:
    """Measures in this process: a debugger works, a crash takes everything down."""
    stop = threading.Event()
    with _on_ctrl_c(stop.set):
        try:
            outcome = Outcome(record=child.measure(job, child.until(stop, notify)))
        except InputError as error:
            outcome = _bad_input(error)
    return dataclasses.replace(outcome, interrupted=stop.is_set())


def run_isolated(job: Job, notify: Callable[[str], None]) -> Outcome:
    """Measures in a fresh child. Whatever becomes of it is an outcome, never an error of this process."""
    # Some libraries that the server preloads open a CUDA context as they are imported, and a context does not survive
    # a fork: where CUDA does the work each point starts from nothing, some seconds later.
    on_cuda = job.config["device"] == "cuda"
    context = multiprocessing.get_context("spawn") if on_cuda else multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    ours, theirs = context.Pipe()
    process = context.Process(target=child.live, args=(job, theirs))
    try:
        process.start()
    except (OSError, EOFError, pickle.PicklingError, TypeError, AttributeError) as error:
        ours.close()
        return Outcome(record=None, kind="not_started", message=f"the point's process did not start: {error}")
    finally:
        theirs.close()
    assert process.pid is not None
    memory = MemoryWatch(process.pid)
    stop = threading.Event()

    def ask_to_stop() -> None:
        stop.set()
        notify("finishing the window; Ctrl-C again ends at once")
        with contextlib.suppress(OSError):  # it has just ended by itself
            ours.send_bytes(STOP)

    with _on_ctrl_c(ask_to_stop):
        outcome = _follow(process, ours, job, notify, memory)
    if outcome is None:
        kind, message = death(process.exitcode, job.log, memory)
        outcome = Outcome(record=None, kind="interrupted" if stop.is_set() else kind, message=message)
    redact_file(job.log)
    return dataclasses.replace(outcome, interrupted=stop.is_set())


def _follow(
    process: BaseProcess, ours: Connection, job: Job, notify: Callable[[str], None], memory: MemoryWatch
) -> Outcome | None:
    """Listens until the child has told its outcome or its time is up, and ends it; None where it died silently."""
    deadline_s = time.monotonic() + job.timeout_s
    try:
        outcome = _listen(ours, deadline_s, notify, memory)
        if outcome is None and time.monotonic() >= deadline_s:
            message = f"stopped after point_timeout_s={job.timeout_s:g} s"
            return Outcome(record=None, kind="timeout", message=message)
        process.join(timeout=_END_S)  # it is about to end by itself
        return outcome
    finally:
        _end(process)
        ours.close()


def _end(process: BaseProcess) -> None:
    """Kills what is left of the child and of the processes that it started."""
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # where it died before it had a group of its own
    process.join(timeout=_END_S)  # one that hangs in its driver does not end even so


def _listen(ours: Connection, deadline_s: float, notify: Callable[[str], None], memory: MemoryWatch) -> Outcome | None:
    """Passes stages on until the child tells its outcome; None when it died or the time is up."""
    while (left_s := deadline_s - time.monotonic()) > 0:
        memory.look()
        if not ours.poll(min(left_s, LOOK_S)):
            continue
        try:
            message = decoded(ours.recv_bytes())
        except (EOFError, ConnectionResetError):
            return None
        except msgspec.DecodeError as error:
            return Outcome(record=None, kind="unreadable_record", message=str(error))
        if isinstance(message, Stage):
            notify(message.text)
        else:
            return _last_word(message)
    return None


def _last_word(message: Finished | BadInput | Died) -> Outcome:
    if isinstance(message, Finished):
        return Outcome(record=message.record)
    if isinstance(message, BadInput):
        return _bad_input(message.error)
    return Outcome(record=None, kind=message.kind, message=message.message)


def _bad_input(error: InputError) -> Outcome:
    return Outcome(record=None, kind="bad_input", message=str(error), bad_input=error)


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
