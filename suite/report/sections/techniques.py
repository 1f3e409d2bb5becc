"""The table of techniques: every point, with its verdict; those that did not run keep their reasons."""

from __future__ import annotations

from typing import Any

from suite.report import format as text
from suite.report.model import Group, Report

ORDER = 30
TITLE = "All techniques"


def context(report: Report) -> dict[str, Any] | None:
    """One table a group, each with one unit of energy."""
    if not report.groups:
        return None
    return {"tables": [(group, _unit(group)) for group in report.groups], "columns": COLUMNS}


COLUMNS = (
    ("technique", "", "text"),
    ("verdict", "in words", "text"),
    ("energy per query", "technique", "number"),
    ("energy change", "95 % interval", "number"),
    ("score", "technique", "number"),
    ("score change", "above 0 is better", "number"),
    ("latency change", "median", "number"),
    ("repaid after", "queries", "number"),
    ("CO₂e", "per 1,000 queries", "number"),
)


def _unit(group: Group) -> text.Scale:
    return text.scale_for([entry.point.energy_per_query_j for entry in group.entries], text.ENERGY_SCALES)
