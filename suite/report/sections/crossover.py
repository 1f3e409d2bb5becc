"""Techniques by batch size, and the batch size at which each starts or stops to save."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from suite.analysis.point.energy import Basis
from suite.analysis.published import PublishedEffect, series_on
from suite.analysis.run.crossover import Cell, CrossoverMap, Row, crossover_maps
from suite.report import limits
from suite.report.charts.crossover_chart import COSTS_COLOUR, CROSSOVER_COLOUR, SAVES_COLOUR, crossover_chart
from suite.report.charts.vega import Chart
from suite.report.prose.crossover_words import Line, crossover_lines
from suite.report.prose.published_words import READ_FROM, SERIES, batch_range, ends, figure
from suite.report.view_model import Report, groups_of
from suite.text import numbers as text
from suite.text.i18n import N_

ORDER = 46
TITLE = N_("Crossover: from which batch size a technique saves")
MOST_CHARTS = 12
PALEST, DARKEST = 10, 40
"""Share of colour in a cell, per cent: of next to no change, and of half or twice the energy."""
FINDINGS = {
    "no-detectable-change": N_("no detectable change"),
    "unresolved": N_("not resolved"),
    "no-interval": N_("no interval"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Series:
    """What one source published: a figure with the number of columns it stands in, None for columns without."""

    first: PublishedEffect
    cells: tuple[tuple[PublishedEffect | None, int], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Technique:
    """A row of the table, and what others published about its technique by batch size."""

    label: str
    row: Row
    lines: tuple[Line, ...]
    published: tuple[Series, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One map of the page."""

    found: CrossoverMap
    title: str
    basis: Basis
    techniques: tuple[Technique, ...]
    chart: Chart | None

    @property
    def is_training(self) -> bool:
        """Whether a query is a training sample here."""
        return self.found.example.is_per_sample


def context(report: Report) -> dict[str, Any] | None:
    """Maps of the run, the first with charts; nothing where no technique was measured at two batch sizes."""
    found = crossover_maps(report.points)
    if not found:
        return None
    views = [_view(report, number, each) for number, each in enumerate(found, start=1)]
    linked = {
        (entry.point.run, entry.point.point_id): entry.anchor
        for group in limits.detailed_groups(report)
        for entry in limits.detailed(report, group)
    }
    return {
        "views": views,
        "drawn": min(len(views), MOST_CHARTS),
        "anchor": lambda point: linked.get((point.run, point.point_id)),
        "heat": heat,
        "findings": FINDINGS,
        "colours": {"saves": SAVES_COLOUR, "costs": COSTS_COLOUR, "crossover": CROSSOVER_COLOUR},
        "has_published": any(technique.published for view in views for technique in view.techniques),
        "figure": figure,
        "ends": ends,
        "series_words": SERIES,
        "read_from": READ_FROM,
        "batch_range": batch_range,
    }


def _view(report: Report, number: int, found: CrossoverMap) -> View:
    title, labels = _title(report, found), _labels(found.rows)
    basis: Basis = found.example.energy_basis or "estimated"  # type: ignore[assignment]
    techniques = [
        Technique(
            label=label,
            row=row,
            lines=crossover_lines(row),
            published=_published(row, found.batch_sizes),
        )
        for label, row in zip(labels, found.rows, strict=True)
    ]
    return View(
        found=found,
        title=title,
        basis=basis,
        techniques=tuple(techniques),
        chart=crossover_chart(number, found, labels, title, basis) if number <= MOST_CHARTS else None,
    )


def _published(row: Row, batch_sizes: Sequence[int]) -> tuple[Series, ...]:
    """Series about the technique of ``row`` with a figure for one of ``batch_sizes``; none about a stack."""
    found = series_on(row.point.mitigation) if len(row.point.mitigations) == 1 else []
    placed = [(effects, [_at(effects, size) for size in batch_sizes]) for effects in found]
    return tuple(
        Series(first=effects[0], cells=tuple((effect, len(list(same))) for effect, same in groupby(columns)))
        for effects, columns in placed
        if any(columns)
    )


def _at(effects: Sequence[PublishedEffect], batch_size: int) -> PublishedEffect | None:
    return next((effect for effect in effects if effect.holds_at(batch_size)), None)


def _title(report: Report, found: CrossoverMap) -> str:
    """What all points of a map share, but the task."""
    point = found.example
    workload = [] if point.workload == "training_steps" else [report.called(point.workload)]
    setting = [point.dtype, point.runtime, point.device, report.names[point.model]]
    return " · ".join([text.words(point.phase), *workload, *setting, *([point.hardware] if point.hardware else [])])


def _labels(rows: Sequence[Row]) -> list[str]:
    """Names of the techniques as in the other tables, with parameters where two rows would have one name."""
    alike = [msgspec.structs.replace(row.point, point_id=str(n), baseline_batch_size=0) for n, row in enumerate(rows)]
    names = {entry.point.point_id: entry.label for group in groups_of(alike) for entry in group.entries}
    return [names[str(number)] for number in range(len(rows))]


def heat(cell: Cell) -> int:
    """Share of colour in a cell, per cent: the larger the change, the more, up to half or twice the energy."""
    ratio = cell.point.energy_ratio
    assert ratio is not None
    strength = min(1.0, abs(math.log2(ratio)))
    return round(PALEST + (DARKEST - PALEST) * strength)
