"""Files that are whole or not there: a reader never sees half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes ``path`` in one step, over an older file of that name; makes its folder."""
    with synced_temporary(path.parent, content) as temporary:
        temporary.replace(path)


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
