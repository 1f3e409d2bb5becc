"""Searches for points: how many, what they cost together, and after how many queries that is repaid."""

from __future__ import annotations

from typing import Any

from suite.analysis.run.searches import SearchCost, searches
from suite.report import limits
from suite.report.view_model import Entry, Report
from suite.text.i18n import N_

ORDER = 51
TITLE = N_("Search: what finding the points cost")


def context(report: Report) -> dict[str, Any] | None:
    """The searches of each run, with the entry of the best point; None where all points were named beforehand."""
    entries = {(group.run, entry.point.point_id): entry for group in report.groups for entry in group.entries}
    rows: list[tuple[str, SearchCost, Entry | None]] = []
    for run in report.runs:
        for each in searches([point for point in report.points if point.run == run]):
            best = entries[run, each.best.point_id] if each.best else None
            rows.append((run, each, best))
    linked = {e.anchor for group in limits.detailed_groups(report) for e in limits.detailed(report, group)}
    return {"rows": rows, "linked": linked, "several_runs": len(report.runs) > 1} if rows else None
