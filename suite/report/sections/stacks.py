"""Stacks of techniques beside their parts: do savings multiply, and losses add up?"""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.run.stacking import Interaction, interactions, stacks
from suite.report import limits
from suite.report.charts.stack_chart import KINDS, stack_chart
from suite.report.charts.vega import Chart
from suite.report.view_model import Entry, Group, Report
from suite.text.i18n import N_

ORDER = 48
TITLE = N_("Stacks: do techniques add up?")
MOST_GROUPS = 12
FINDINGS = {
    "as-expected": N_("as expected"),
    "saves-more": N_("saves more than its parts"),
    "saves-less": N_("saves less than its parts"),
    "not-resolved": N_("not resolved"),
}
SCORE_FINDINGS = {
    "as-expected": N_("as expected"),
    "loses-less": N_("loses less than its parts"),
    "loses-more": N_("loses more than its parts"),
    "not-resolved": N_("not resolved"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """The stacks of one group whose parts were measured, with the entries of stack and parts."""

    group: Group
    rows: tuple[tuple[Entry, tuple[Entry, ...], Interaction], ...]
    chart: Chart | None


def context(report: Report) -> dict[str, Any] | None:
    """Groups with stacks; those whose parts were not all measured alone are counted only."""
    tried = [(group, [entry.point for entry in group.ok]) for group in report.groups]
    total = sum(len(stacks(points)) for _group, points in tried)
    found = [(group, each) for group, points in tried if (each := interactions(points))]
    if not total:
        return None
    views = [_view(group, each, is_drawn=number < MOST_GROUPS) for number, (group, each) in enumerate(found)]
    linked = limits.linked(report)
    return {
        "views": views,
        "drawn": min(len(views), MOST_GROUPS),
        "without_parts": total - sum(len(view.rows) for view in views),
        "kinds": KINDS.values(),
        "linked": lambda entry: entry.anchor in linked,
        "findings": FINDINGS,
        "score_findings": SCORE_FINDINGS,
    }


def _view(group: Group, found: list[Interaction], *, is_drawn: bool) -> View:
    entries = {entry.point.point_id: entry for entry in group.entries}
    rows = tuple(
        (entries[each.stack.point_id], tuple(entries[part.point_id] for part in each.parts), each) for each in found
    )
    named = [(entry.label, each) for entry, _parts, each in rows]
    return View(group=group, rows=rows, chart=stack_chart(group, named) if is_drawn else None)
