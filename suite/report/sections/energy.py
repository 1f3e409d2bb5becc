"""The energy ratio of every technique with its interval, as a forest chart."""

from __future__ import annotations

from typing import Any

from suite.report.charts.forest import forest_chart
from suite.report.charts.vega import MOST_GROUPS
from suite.report.view_model import Report
from suite.text.i18n import N_

ORDER = 40
TITLE = N_("Change of energy, with intervals")


def context(report: Report) -> dict[str, Any] | None:
    """Charts of the groups that have ratios."""
    groups = [group for group in report.groups if any(entry.point.energy_ratio is not None for entry in group.ok)]
    drawn = [(group, forest_chart(group)) for group in groups[:MOST_GROUPS]]
    charts = [(group, chart) for group, chart in drawn if chart is not None]
    found = {"charts": charts, "total": len(groups), "stability": report.stability}
    return found if charts else None
