"""What others published about the techniques of this run, beside its own changes of energy."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.published import PublishedEffect, effects_on
from suite.report import limits
from suite.report.charts.published_chart import KINDS, published_chart
from suite.report.charts.vega import Chart
from suite.report.prose.published_words import BOUNDS, CONFIDENCES, FAMILIES, MEASURES, WORDS
from suite.report.view_model import Entry, Group, Report
from suite.text import numbers as text
from suite.text.i18n import N_, _

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
    linked = {e.anchor for group in limits.detailed_groups(report) for e in limits.detailed(report, group)}
    views, number = [], 1
    for family, effects in found.items():
        views.append(_view(family, tried, list(enumerate(effects, start=number)), linked))
        number += len(effects)
    return {
        "views": views,
        "families": FAMILIES,
        "measures": MEASURES,
        "confidences": CONFIDENCES,
        "words": WORDS,
        "kinds": KINDS.values(),
        "figure": figure,
        "open_rows": OPEN_ROWS,
    }


def _view(
    family: str, tried: list[tuple[Group, Entry]], effects: list[tuple[int, PublishedEffect]], linked: set[str]
) -> View:
    names = {entry.point.mitigation for _group, entry in tried}
    known = {name for name in names if any(effect.concerns(name) for _number, effect in effects)}
    ours = [pair for pair in tried if pair[1].point.mitigation in known]
    return View(
        family=family,
        ours=tuple(ours),
        shown=tuple(pair for pair in ours if pair[1].anchor in linked),
        effects=tuple(effects),
        chart=published_chart(family, ours, effects),
    )


def figure(effect: PublishedEffect) -> str:
    """The published change; a dash where only a tendency was given."""
    if effect.low_percent is None or effect.high_percent is None:
        return text.NOTHING
    low, high = (text.change(1 + percent / 100) for percent in (effect.low_percent, effect.high_percent))
    if low != high:
        return _("{low} to {high}").format(low=low, high=high)
    return _(BOUNDS[effect.bound]).format(change=low) if effect.bound else low
