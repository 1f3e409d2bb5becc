"""The first screen: the question, where it was asked, and the answer in words for each task."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report import instruments, sentences
from suite.report.charts import Chart
from suite.report.forest import forest_chart
from suite.report.model import Report
from suite.report.tradeoff import tradeoff_chart

ORDER = 10
TITLE = None


@dataclasses.dataclass(frozen=True)
class Card:
    """One task: what was found, and its chart in small: the trade-off, or the energy alone where nothing was scored."""

    answer: sentences.Answer
    chart: Chart | None


def context(report: Report) -> dict[str, Any]:
    """Cards, instruments and counts."""
    return {
        "cards": [_card(report, task) for task in report.tasks],
        "nothing_measured": instruments.nothing_measured(report),
        "sources": instruments.sources(report),
        "checks": instruments.checks(report),
        "cautioned": sum(bool(point.warnings) for point in report.points),
        "hardware": list(dict.fromkeys(point.hardware for point in report.points if point.hardware)),
        "first": min((point.started_at for point in report.points), default=None),
        "last": max((point.finished_at for point in report.points), default=None),
    }


def _card(report: Report, task: str) -> Card:
    groups = [group for group in report.groups if group.task == task]
    leading = sentences.leading_group(groups)
    chart = None if leading is None else tradeoff_chart(leading) or forest_chart(leading)
    return Card(sentences.answer(task, groups), chart)
