"""Takes files out of a wheel, so that it is small enough to carry, and keeps its RECORD true."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from suite.errors import InputError


def trim(wheel: Path, *, drop: Sequence[str], keep: Sequence[str]) -> None:
    """Rewrites ``wheel`` in place without the files that match ``drop`` and not ``keep`` (shell patterns).

    Raises:
        InputError: a pattern matches nothing: the wheel is laid out otherwise, or lacks what must be kept.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for pattern in (*drop, *keep):
        if not any(fnmatchcase(name, pattern) for name in names):
            raise InputError(
                f"{wheel.name} holds no file of that name",
                got=pattern,
                remedy=f"choose among {', '.join(name for name in names if _matches(name, drop)) or 'its files'}",
            )
    dropped = {name for name in names if _matches(name, drop) and not _matches(name, keep)}
    smaller = wheel.with_suffix(".trimmed")
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(smaller, "w", zipfile.ZIP_DEFLATED) as trimmed:
        for member in archive.infolist():
            if member.filename not in dropped:
                content = archive.read(member)
                is_record = member.filename.endswith(".dist-info/RECORD")
                trimmed.writestr(member, _without(content, dropped) if is_record else content)
    smaller.replace(wheel)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _without(record: bytes, dropped: set[str]) -> bytes:
    """The RECORD (one line a file: path, hash, size) without the lines of the ``dropped`` files."""
    rows = [row for row in csv.reader(io.StringIO(record.decode())) if row and row[0] not in dropped]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
