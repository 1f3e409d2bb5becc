"""What others published about the techniques of this run, beside its own changes of energy."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.published import PublishedEffect, effects_on
from suite.report import limits
from suite.report.charts.published_chart import KINDS, published_chart
from suite.report.charts.vega import Chart
from suite.report.prose.published_words import (
    CONFIDENCES,
    FAMILIES,
    MEASURES,
    READ_FROM,
    WORDS,
    batch_range,
    ends,
    figure,
)
from suite.report.view_model import Entry, Group, Report
from suite.text.i18n import N_

ORDER = 58
TITLE = N_("Published figures beside ours")
OPEN_ROWS = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One family of techniques: the points of this run, and published figures with their numbers."""

    family: str
    ours: tuple[tuple[Group, Entry], ...]
    shown: tuple[tuple[Group, Entry], ...]
    effects: tuple[tuple[int, PublishedEffect], ...]
    chart: Chart | None


def context(report: Report) -> dict[str, Any] | None:
    """Families that this run has techniques of, each technique alone and with an energy ratio."""
    tried = [
        (group, entry)
        for group in report.groups
        for entry in group.ok
        if len(entry.point.mitigations) == 1 and entry.point.energy_ratio is not None
    ]
    found = effects_on({entry.point.mitigation for _group, entry in tried})
    if not found:
        return None
    linked = limits.linked(report)
    views, number = [], 1
    for family, effects in found.items():
        views.append(_view(family, tried, list(enumerate(effects, start=number)), linked))
        number += len(effects)
    return {
        "views": views,
        "families": FAMILIES,
        "measures": MEASURES,
        "confidences": CONFIDENCES,
        "read_from": READ_FROM,
        "batch_range": batch_range,
        "words": WORDS,
        "kinds": KINDS.values(),
        "figure": figure,
        "ends": ends,
        "open_rows": OPEN_ROWS,
    }


def _view(
    family: str, tried: list[tuple[Group, Entry]], effects: list[tuple[int, PublishedEffect]], linked: set[str]
) -> View:
    names = {entry.point.mitigation for _group, entry in tried}
    known = {name for name in names if any(effect.concerns(name) for _number, effect in effects)}
    ours = sorted((pair for pair in tried if pair[1].point.mitigation in known), key=_by_technique_and_batch)
    return View(
        family=family,
        ours=tuple(ours),
        shown=tuple(pair for pair in ours if pair[1].anchor in linked),
        effects=tuple(effects),
        chart=published_chart(family, ours, effects),
    )


def _by_technique_and_batch(pair: tuple[Group, Entry]) -> tuple[str, str, int]:
    group, entry = pair
    return entry.point.mitigation, group.task, entry.point.baseline_batch_size
