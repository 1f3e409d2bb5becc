"""The power limit of a board, lowered for a while.

A limit belongs to the board, not to the process that set it, and stays when that ends. So it is put back on every way
out that a process can still act on: the end of the block, an error, SIGTERM, SIGHUP. Against those on which it cannot
(``kill -9``, ``os._exit``) what was in force is noted in a file before anything is changed; whoever lowers the limit of
that board next finds the note, and puts back what it says first.

Source: You et al. 2023, Zeus, arXiv:2208.06102.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import msgspec

from suite.errors import NotApplicable
from suite.io.atomic import write_whole
from suite.machine.device_lock import lock_folder
from suite.machine.nvml.board import Board

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What was in force before a process lowered a board's limit."""

    pid: int
    process_started_s: float
    limit_w: float


def left_behind(board: Board) -> Note | None:
    """The note of a process that has ended without putting the limit back; None where there is none."""
    note = _read_note(board)
    return None if note is None or _is_at_work(note) else note


def put_back(board: Board) -> Note | None:
    """Puts back the limit that an ended process left lowered, if there is one, and tells what it was.

    Raises:
        NotApplicable: the driver refuses.
    """
    note = left_behind(board)
    if note is not None:
        board.set_power_limit(note.limit_w)
        _note_path(board).unlink(missing_ok=True)
    return note


@contextlib.contextmanager
def lowered(uuid: str, limit_w: float) -> Iterator[None]:
    """Lowers the limit of the board with this UUID, and puts back what was in force.

    Raises:
        NotApplicable: the driver refuses: no rights, or no such limit.
    """
    board = Board.by_uuid(uuid)
    put_back(board)
    limits = board.power_limits()
    if limits is None:
        raise NotApplicable("the board tells no power limit")
    write_whole(_note_path(board), msgspec.json.encode(_own_note(limits.now_w)))
    try:
        with _on_signals(board, limits.now_w):
            board.set_power_limit(limit_w)
            try:
                yield
            finally:
                board.set_power_limit(limits.now_w)
    finally:
        if _has_limit(board, limits.now_w):
            _note_path(board).unlink(missing_ok=True)


@contextlib.contextmanager
def _on_signals(board: Board, limit_w: float) -> Iterator[None]:
    """Puts the limit back before the process ends by a signal. Python lets the main thread alone ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def end(number: int, frame: FrameType | None) -> None:
        board.set_power_limit(limit_w)
        _note_path(board).unlink(missing_ok=True)
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)
        os.kill(os.getpid(), number)

    try:
        for number, usual in before.items():
            if usual != signal.SIG_IGN:
                signal.signal(number, end)
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual or signal.SIG_DFL)


def _has_limit(board: Board, limit_w: float) -> bool:
    limits = board.power_limits()
    return limits is not None and limits.now_w == limit_w


def _note_path(board: Board) -> Path:
    return lock_folder() / f"power-limit-{board.uuid}.json"


def _read_note(board: Board) -> Note | None:
    try:
        return msgspec.json.decode(_note_path(board).read_bytes(), type=Note)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _own_note(limit_w: float) -> Note:
    import psutil

    return Note(pid=os.getpid(), process_started_s=psutil.Process().create_time(), limit_w=limit_w)


def _is_at_work(note: Note) -> bool:
    """Whether the process that wrote the note is there: not another one that was given its number."""
    import psutil

    try:
        return bool(psutil.Process(note.pid).create_time() == note.process_started_s)
    except psutil.NoSuchProcess:
        return False
