"""Latency, throughput, memory and model size of both arms, and what a saving of energy costs in time and room."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report import limits
from suite.report.charts.speed_chart import speed_charts
from suite.report.charts.vega import Chart
from suite.report.view_model import Entry, Group, Report
from suite.text.i18n import N_

ORDER = 70
TITLE = N_("Latency, throughput, memory, model size")
MOST_GROUPS = 12
"""So many groups have charts; each takes a moment to draw, and all have tables."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One group: its rows, and which columns have a figure."""

    group: Group
    rows: tuple[Entry, ...]
    charts: tuple[Chart, ...]

    @property
    def has_tail(self) -> bool:
        """Whether single queries were waited for."""
        return any(entry.point.latency_ms_p99 is not None for entry in self.rows)

    @property
    def has_tokens(self) -> bool:
        """Whether an arm writes its answers token by token."""
        return any(
            entry.point.energy_per_token_j is not None or entry.point.baseline_energy_per_token_j is not None
            for entry in self.rows
        )


def context(report: Report) -> dict[str, Any] | None:
    """One table a group that has figures; the first groups with charts."""
    groups = [group for group in limits.detailed_groups(report) if group.ok]
    if not groups:
        return None
    views = [_view(report, group, is_drawn=number < MOST_GROUPS) for number, group in enumerate(groups)]
    return {
        "views": views,
        "drawn": min(len(views), MOST_GROUPS),
        "left_out": limits.left_out(report),
    }


def _view(report: Report, group: Group, *, is_drawn: bool) -> View:
    rows = [entry for entry in limits.detailed(report, group) if entry.point.status == "ok"]
    return View(group=group, rows=tuple(rows), charts=tuple(speed_charts(group)) if is_drawn else ())
