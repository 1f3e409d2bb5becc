"""Energy against score, one chart a baseline."""

from __future__ import annotations

from typing import Any

from suite.report.model import Report
from suite.report.tradeoff import tradeoff_chart

ORDER = 20
TITLE = "Energy against accuracy"


def context(report: Report) -> dict[str, Any] | None:
    """Charts of the groups that were scored."""
    drawn = [(group, tradeoff_chart(group)) for group in report.groups]
    charts = [(group, chart) for group, chart in drawn if chart is not None]
    return {"charts": charts} if charts else None
