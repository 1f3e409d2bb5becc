"""The first screen: the question, where it was asked, and the answer in words for each task."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report.charts.forest import forest_chart
from suite.report.charts.tradeoff import tradeoff_chart
from suite.report.charts.vega import Chart
from suite.report.prose import accuracy_threshold, instruments, sentences
from suite.report.prose.still_open import still_open
from suite.report.view_model import Group, Report

ORDER = 10
TITLE = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One task (of one run, where there are several): what was found, and its chart in small.

    The chart is the trade-off, or the energy alone where nothing was scored. ``group`` is the identifier of the
    trade-off chart that the accuracy gate moves in; None where nothing was scored.
    """

    answer: sentences.Answer
    run: str | None
    chart: Chart | None
    group: str | None


MOST_CARDS = 24


def context(report: Report) -> dict[str, Any]:
    """Cards, instruments and counts."""
    by_card: dict[tuple[str, str], list[Group]] = {}
    for group in report.groups:
        by_card.setdefault((group.task, group.entries[0].point.run), []).append(group)
    several = len({run for _, run in by_card}) > 1
    shown = list(by_card.items())[:MOST_CARDS]
    return {
        "cards": [_card(task, run if several else None, groups) for (task, run), groups in shown],
        "gates": accuracy_threshold.data(report.groups),
        "nothing_measured": instruments.nothing_measured(report),
        "sources": instruments.sources(report),
        "checks": instruments.checks(report),
        "host_bound": sum(any(each.code == "host_bound" for each in point.warnings) for point in report.points),
        "still_open": still_open(report.points),
        "cautioned": sum(bool(point.warnings) for point in report.points),
        "hardware": list(dict.fromkeys(point.hardware for point in report.points if point.hardware)),
        "last": max((point.finished_at for point in report.points), default=None),
    }


def _card(task: str, run: str | None, groups: list[Group]) -> Card:
    leading = sentences.leading_group(groups)
    tradeoff = None if leading is None else tradeoff_chart(leading)
    chart = tradeoff or (None if leading is None else forest_chart(leading))
    return Card(
        answer=sentences.answer(task, groups),
        run=run,
        chart=chart,
        group=tradeoff.identifier if tradeoff else None,
    )
