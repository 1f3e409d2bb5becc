"""Scores beside the one that a point is judged by, each on items of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report import limits
from suite.report.view_model import Entry, Report
from suite.text.i18n import N_

ORDER = 42
TITLE = N_("Further scores")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """The points of one task and model, over all batch sizes."""

    task: str
    model: str
    rows: tuple[Entry, ...]


def context(report: Report) -> dict[str, Any] | None:
    """One table a task and model that has further scores; None where there is none. A baseline loses nothing."""
    tables: dict[tuple[str, str], list[Entry]] = {}
    for group in limits.detailed_groups(report):
        for entry in limits.detailed(report, group):
            if entry.point.further_scores and entry.point.mitigations:
                tables.setdefault((entry.point.task, entry.point.model), []).append(entry)
    if not tables:
        return None
    made = [
        Table(task=task, model=model, rows=tuple(sorted(rows, key=lambda entry: entry.label)))
        for (task, model), rows in tables.items()
    ]
    return {"tables": made, "left_out": limits.left_out(report)}
