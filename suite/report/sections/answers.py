"""Energy by right answer: what a query takes over the share of queries that are answered right."""

from __future__ import annotations

from typing import Any

from suite.report import limits
from suite.report.view_model import Entry, Report
from suite.text.i18n import N_

ORDER = 43
TITLE = N_("Energy per right answer")


def context(report: Report) -> dict[str, Any] | None:
    """One table a task of the points whose answers are right or wrong; None where there are none."""
    tables: dict[str, list[Entry]] = {}
    for group in limits.detailed_groups(report):
        for entry in limits.detailed(report, group):
            if entry.point.energy_per_correct_j is not None and not group.is_training:
                tables.setdefault(entry.point.task, []).append(entry)
    if not tables:
        return None
    return {
        "tables": {task: _cheapest_first(rows) for task, rows in tables.items()},
        "left_out": limits.left_out(report),
    }


def _cheapest_first(rows: list[Entry]) -> list[Entry]:
    return sorted(rows, key=lambda entry: entry.point.energy_per_correct_j or 0.0)
