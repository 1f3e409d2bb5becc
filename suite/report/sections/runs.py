"""Several runs side by side: the same points, and whether the runs agree on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from suite.analysis.run.run_comparison import compare
from suite.analysis.summary import PointSummary
from suite.report import limits
from suite.report.prose.across import shared_groups
from suite.report.view_model import Entry, Group, Report
from suite.stats.interval import Interval
from suite.text.i18n import N_

ORDER = 25
TITLE = N_("The runs side by side")
REAL = ("measured", "estimated")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A run at the head of its columns. ``compared`` points have joules that may be held against the first run's."""

    name: str
    hardware: tuple[str, ...]
    bases: tuple[str, ...]
    first_day: str
    last_day: str
    compared: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """A point in one run; ``entry`` is None where the run lacks it. ``joules``: this run's over the first's."""

    entry: Entry | None
    joules: Interval | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A point over all runs. ``agrees`` is None where fewer than two runs can be compared."""

    label: str
    cells: tuple[Cell, ...]
    agrees: bool | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """One baseline's settings, in those runs that measured them; the cells of a row are in the order of ``runs``."""

    group: Group
    runs: tuple[Run, ...]
    rows: tuple[Row, ...]


def context(report: Report) -> dict[str, Any] | None:
    """A table a baseline, a row a point, and how far the runs agree; nothing where there is one run."""
    if len(report.runs) < 2:
        return None
    points: dict[str, list[PointSummary]] = {run: [] for run in report.runs}
    for point in report.points:
        points[point.run].append(point)
    first = points[report.runs[0]]
    joules = {run: _joules(first, points[run]) for run in report.runs[1:]}
    seen = [_run(run, points[run], joules.get(run, {})) for run in report.runs]
    entries = {(e.point.run, e.point.point_id): e for group in report.groups for e in group.entries}
    linked = limits.linked(report)
    tables = [_table(group, seen, entries, joules) for group in shared_groups(report.points)]
    agreed = [row.agrees for table in tables for row in table.rows]
    shown = [table for table in tables if len(table.runs) > 1]
    return {
        "seen": seen,
        "tables": shown,
        "single": len(tables) - len(shown),
        "agreeing": agreed.count(True),
        "differing": agreed.count(False),
        "alone": agreed.count(None),
        "linked": lambda entry: entry.anchor in linked,
    }


def _joules(first: Sequence[PointSummary], other: Sequence[PointSummary]) -> dict[str, Interval]:
    """Joules a query of another run over those of the first, where hardware, component and method are alike."""
    compared = compare(first, other, energy_tolerance=0.0, ratio_tolerance=0.0)  # changes alone, no verdict on them
    return {each.point_id: each.energy for each in compared if each.energy is not None}


def _run(name: str, points: Sequence[PointSummary], joules: dict[str, Interval]) -> Run:
    return Run(
        name=name,
        hardware=tuple(dict.fromkeys(point.hardware for point in points if point.hardware)),
        bases=tuple(sorted({point.energy_basis for point in points if point.energy_basis})),
        first_day=min((point.started_at for point in points), default="")[:10],
        last_day=max((point.finished_at for point in points), default="")[:10],
        compared=len(joules),
    )


def _table(
    group: Group,
    seen: Sequence[Run],
    entries: dict[tuple[str, str], Entry],
    joules: dict[str, dict[str, Interval]],
) -> Table:
    ids = [entry.point.point_id for entry in group.entries]
    runs = [run for run in seen if any((run.name, point_id) in entries for point_id in ids)]
    rows = []
    for shown, point_id in zip(group.entries, ids, strict=True):
        found = [entries.get((run.name, point_id)) for run in runs]
        changes = [joules.get(run.name, {}).get(point_id) for run in runs]
        rows.append(
            Row(
                label=shown.label,
                cells=tuple(Cell(entry=entry, joules=change) for entry, change in zip(found, changes, strict=True)),
                agrees=_agrees([entry.point for entry in found if entry is not None]),
            )
        )
    return Table(group=group, runs=tuple(runs), rows=tuple(rows))


def _agrees(points: Sequence[PointSummary]) -> bool | None:
    """Whether all runs with a result have the same verdict; what was simulated is not held against what was real."""
    verdicts: dict[bool, list[str]] = {True: [], False: []}
    for point in points:
        if point.status == "ok" and point.energy_basis is not None:
            verdicts[point.energy_basis in REAL].append(point.claim)
    comparable = [found for found in verdicts.values() if len(found) > 1]
    return all(len(set(found)) == 1 for found in comparable) if comparable else None
