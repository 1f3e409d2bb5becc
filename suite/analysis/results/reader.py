"""The results of a run or of a published report, as every command reads them.

Records are the truth, and a table derived from them is a cache: ``results.parquet`` beside records is taken where its
lineage says that it was derived from these very records by this very analysis, since a hundred thousand points load
from it in seconds and from records in minutes. Else the points are derived anew. Where there are no records, as in a
report that was published without them, the table is what there is, and results.json where that is spoilt or missing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path

import msgspec

from suite.analysis.point.carbon_fields import co2e_g_per_1000
from suite.analysis.results.csv_json import RESULTS, read_json
from suite.analysis.results.lineage import Lineage, analysis_version, unknown_lineages
from suite.analysis.results.parquet import TABLE, read_lineages, read_parquet
from suite.analysis.results.run_results import RunResults
from suite.analysis.summary import PointSummary, summarise
from suite.errors import InputError
from suite.record.store import load_run, newest_by_point, records_digest


def read_results(folder: Path, *, g_co2e_per_kwh: float | None, without: Collection[str] = ()) -> RunResults:
    """The results in ``runs/NAME`` or ``reports/NAME``.

    Args:
        folder: holds ``records``, or results that were derived from them, or both.
        g_co2e_per_kwh: the carbon that is stated counts with it, wherever the points come from; None states none.
        without: fields that the caller does not look at, which a table then need not load.

    Raises:
        InputError: no such folder, no readable record in it, or no records and no readable results either.
    """
    if not folder.is_dir():
        raise InputError("no such run", got=str(folder), remedy="name a folder under runs/ or reports/")
    digest = records_digest(folder)
    if digest is None:
        found = _published(folder, without)
    else:
        found = _cached(folder, digest, without) or _derived(folder, digest)
    return dataclasses.replace(found, points=tuple(_on_grid(point, g_co2e_per_kwh) for point in found.points))


def _cached(folder: Path, records: str, without: Collection[str]) -> RunResults | None:
    """The table beside ``records``; None where it is of other ones, of another analysis, or spoilt."""
    run, table = folder.resolve().name, folder / TABLE
    if [(each.records, each.analysis) for each in read_lineages(table)] != [(records, analysis_version())]:
        return None
    try:
        found = read_parquet(table, without=without)
    except InputError:
        return None  # nothing is lost: the records say the same
    return found if found.runs == (run,) else _renamed(found, run)


def _renamed(found: RunResults, run: str) -> RunResults:
    """As read from the records of a folder that has got another name since."""
    return dataclasses.replace(
        found,
        lineages=tuple(msgspec.structs.replace(each, run=run) for each in found.lineages),
        points=tuple(msgspec.structs.replace(point, run=run) for point in found.points),
    )


def _derived(folder: Path, records: str) -> RunResults:
    """From the records, of which ``records`` is the digest.

    It was taken before they are read: one that comes in between makes a table that is derived from them outdated, never
    one that seems to be current.
    """
    pairs, unreadable = load_run(folder)
    if not pairs:
        got = f"{folder} ({len(unreadable)} unreadable: {unreadable[0]})" if unreadable else str(folder)
        raise InputError("no readable record in the run", got=got, remedy="measure it first: python -m suite")
    run, chosen = folder.resolve().name, newest_by_point(pairs)
    return RunResults(
        lineages=(Lineage(run=run, records=records, analysis=analysis_version()),),
        points=tuple(summarise(run, chosen, None)),
        unreadable=tuple(unreadable),
        superseded=len(pairs) - len(chosen),
        notes=(),
    )


def _published(folder: Path, without: Collection[str]) -> RunResults:
    """From the table; where that is spoilt or missing from results.json, which holds the same."""
    table, document = folder / TABLE, folder / RESULTS
    if not table.exists() and not document.exists():
        raise InputError("no readable record in the run", got=str(folder), remedy="measure it first: python -m suite")
    try:
        source, found = table, read_parquet(table, without=without)
    except InputError:
        if not document.exists():
            raise
        source, found = document, read_json(document)
    if not found.lineages:
        found = dataclasses.replace(found, lineages=unknown_lineages([folder.resolve().name]))
    if all(lineage.is_current for lineage in found.lineages):
        return found
    note = f"{source} was derived by another version of the analysis, and there are no records to derive it anew"
    return dataclasses.replace(found, notes=(note,))


def _on_grid(point: PointSummary, g_co2e_per_kwh: float | None) -> PointSummary:
    """The point with the carbon of this grid; a table holds that of its report's."""
    grams = co2e_g_per_1000(point.energy_per_query_j, g_co2e_per_kwh, point.relative_carbon_intensity)
    return point if grams == point.co2e_g_per_1000 else msgspec.structs.replace(point, co2e_g_per_1000=grams)
