"""Lineage of a table of results: which records it was derived from, by which version of the analysis.

A table beside records is served in their place only where both are the same. Times of files say nothing of that: a
clone of a repository sets them anew.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

SUITE = Path(__file__).resolve().parents[2]
SOURCES = ("analysis", "record", "stats", "units.py")
"""All code that takes part in deriving a point's figures from its record."""


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where the points of one run come from.

    Attributes:
        run: its name.
        records: digest of the names and contents of its record files; None where that is not known.
        analysis: version of the analysis that derived the points; None where that is not known.
    """

    run: str
    records: str | None
    analysis: str | None

    @property
    def is_current(self) -> bool:
        """Whether this analysis derived the points, and no other version of it."""
        return self.analysis == analysis_version()


def unknown_lineages(runs: Iterable[str]) -> tuple[Lineage, ...]:
    """Of runs whose table says nothing of its lineage."""
    return tuple(Lineage(run=run, records=None, analysis=None) for run in dict.fromkeys(runs))


@functools.cache
def analysis_version() -> str:
    """SHA-256 of the source code of ``SOURCES``: it changes by itself with every change of the analysis."""
    return source_digest(SUITE, SOURCES)


def source_digest(root: Path, names: Iterable[str]) -> str:
    """SHA-256 of the names and texts of Python files below ``root``; line ends, which a checkout may change, count not.

    Args:
        root: a folder.
        names: of files and folders in it; of a folder all modules count.
    """
    total = hashlib.sha256()
    for name in names:
        path = root / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            text = file.read_text("utf-8").encode()
            total.update(f"{file.relative_to(root).as_posix()}\0{len(text)}\0".encode())
            total.update(text)
    return total.hexdigest()
