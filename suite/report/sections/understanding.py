"""How to read this report."""

from __future__ import annotations

from typing import Any

from suite.report.look import LOOKS
from suite.report.model import Report

ORDER = 110
TITLE = "Understanding this report"


def context(report: Report) -> dict[str, Any]:
    """The verdicts and the margins in force."""
    margins = {
        (point.task, point.metric, point.margin) for point in report.points if point.metric and point.margin is not None
    }
    return {"looks": LOOKS, "margins": sorted(margins)}
