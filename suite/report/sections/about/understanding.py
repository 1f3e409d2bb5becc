"""How to read this report."""

from __future__ import annotations

from typing import Any

from suite.report.prose.style import LOOKS
from suite.report.view_model import Report
from suite.text import numbers as text
from suite.text.i18n import N_

ORDER = 110
TITLE = N_("Understanding this report")


def context(report: Report) -> dict[str, Any]:
    """The verdicts and the margins in force."""
    margins = {
        (point.task, point.metric, point.margin) for point in report.points if point.metric and point.margin is not None
    }
    return {
        "looks": LOOKS,
        "margins": [_margin(report.called(task), metric, margin) for task, metric, margin in sorted(margins)],
    }


def _margin(task: str, metric: str, margin: float) -> str:
    """The largest loss that counts as none: ``image classification 1.0 pt``."""
    size = text.score_change(margin, metric).replace("+", "")
    unit = "" if text.score_unit(metric) else f" {text.words(metric)}"
    return f"{task} {size}{unit}"
