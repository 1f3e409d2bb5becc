"""Files that are whole or not there: a reader never sees half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes ``path`` in one step, over an older file of that name; makes its folder."""
    with synced_temporary(path.parent, content) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


def kept_text(path: Path, make: Callable[[], str]) -> str:
    """What ``path`` holds; where it is missing, what ``make`` makes, kept there if the folder can be written."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        text = make()
    with contextlib.suppress(OSError):
        write_whole(path, text.encode())
    return text


def sync_folder(folder: Path) -> None:
    """Has the folder's list of names on the disk, without which a power cut could take a file that is written."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def synced_temporary(folder: Path, content: bytes) -> Iterator[Path]:
    """A hidden file in ``folder`` (made where missing) with ``content`` on the disk; gone afterwards if still there."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def sweep_out(folder: Path, older_than_s: float) -> None:
    """Removes what writers that were killed have left in ``folder``; younger files may still be at work."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > older_than_s:
                path.unlink()


def made_whole(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, which ``make`` fills where it is missing: once for all processes, and whole or not there.

    Args:
        folder: beside it lie a lock, and what a process that was killed has left, which the next one removes.
        make: writes into the empty folder that it is given.

    Raises:
        OSError: the folder cannot be written; or what ``make`` raises.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            _sync_files(unfinished)
            unfinished.rename(folder)
            sync_folder(folder.parent)
    return folder


def _sync_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
