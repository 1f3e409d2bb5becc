"""Files that are whole or not there: a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes ``path`` in one step, over an older file of that name; makes its folder."""
    with synced_temporary(path.parent, content) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


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
