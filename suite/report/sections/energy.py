"""The energy ratio of every technique with its interval, as a forest chart."""

from __future__ import annotations

from typing import Any

from suite.report.forest import forest_chart
from suite.report.model import Report

ORDER = 40
TITLE = "Change of energy, with intervals"


def context(report: Report) -> dict[str, Any] | None:
    """Charts of the groups that have ratios."""
    drawn = [(group, forest_chart(group)) for group in report.groups]
    charts = [(group, chart) for group, chart in drawn if chart is not None]
    return {"charts": charts, "stability": report.stability} if charts else None
