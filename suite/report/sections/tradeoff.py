"""Energy against score, one chart a baseline."""

from __future__ import annotations

import math
from typing import Any

from suite.report.charts.tradeoff import tradeoff_chart
from suite.report.charts.vega import MOST_GROUPS
from suite.report.prose.accuracy_threshold import at_loss
from suite.report.view_model import Group, Report
from suite.text.i18n import N_

ORDER = 20
TITLE = N_("Energy against accuracy")


def context(report: Report) -> dict[str, Any] | None:
    """Charts of the groups that were scored."""
    groups = [group for group in report.groups if any(entry.point.mitigation != "none" for entry in group.scored)]
    drawn = [(group, tradeoff_chart(group)) for group in groups[:MOST_GROUPS]]
    charts = [(group, chart) for group, chart in drawn if chart is not None]
    found = {"charts": charts, "total": len(groups), "verdicts": verdicts}
    return found if charts else None


def verdicts(group: Group) -> set[str]:
    """All that points of ``group`` are at any setting of the accuracy gate."""
    settings = (group, at_loss(group, 0.0), at_loss(group, math.inf))
    return {entry.point.claim for each in settings for entry in each.scored}
