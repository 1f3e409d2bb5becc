"""The points of a run or of a published report, as the commands read them: from its table, or from its records.

A table of a hundred thousand points loads in seconds, their records in minutes. So ``results.parquet``, which the
report writes, is taken where it is not older than the newest record, or where there are no records beside it.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection
from pathlib import Path

from suite.analysis.results.parquet import TABLE, read_parquet
from suite.analysis.summary import PointSummary, summarise
from suite.errors import InputError
from suite.record.store import load_run, newest_by_point


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredPoints:
    """The points of a folder, and a line for each file in it that was left out."""

    points: list[PointSummary]
    left_out: list[str]


def stored_points(folder: Path, *, g_co2e_per_kwh: float, without: Collection[str] = ()) -> StoredPoints:
    """The points of ``runs/NAME`` or ``reports/NAME``, one a point, in the order in which they were first started.

    Args:
        folder: holds ``records``, ``results.parquet`` or both.
        g_co2e_per_kwh: for points that are read from records; a table holds the figures of its report's grid.
        without: fields that the caller does not look at, which a table then need not load.

    Raises:
        InputError: no such folder, neither a table nor a readable record in it, or a table alone that is none of ours.
    """
    if not folder.is_dir():
        raise InputError("no such run", got=str(folder), remedy="name a folder under runs/ or reports/")
    table, newest_s = folder / TABLE, _newest_record_s(folder)
    left_out: list[str] = []
    if table.is_file() and (newest_s is None or table.stat().st_mtime >= newest_s):
        try:
            return StoredPoints(points=read_parquet(table, without=without), left_out=[])
        except InputError as error:
            if newest_s is None:
                raise
            left_out.append(f"{TABLE}: {error}")  # of another version of the suite; the records say the same
    pairs, unreadable = load_run(folder)
    left_out += unreadable
    if not pairs:
        got = f"{folder} ({left_out[0]})" if left_out else str(folder)
        raise InputError("no readable record in the run", got=got, remedy="measure it first: python -m suite")
    run = folder.resolve().name
    return StoredPoints(points=summarise(run, newest_by_point(pairs), g_co2e_per_kwh), left_out=left_out)


def _newest_record_s(folder: Path) -> float | None:
    """When the newest record was written; None where there is none."""
    records = folder / "records"
    if not records.is_dir():
        return None
    with os.scandir(records) as entries:
        written_s = [entry.stat(follow_symlinks=False).st_mtime for entry in entries if entry.name.endswith(".json")]
    return max(written_s, default=None)
