"""Models behind servers: when tokens come, how many, and what a token and a request cost on each."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from suite.analysis.summary import PointSummary
from suite.report import limits
from suite.report.view_model import Entry, Group, Report
from suite.text.i18n import N_

ORDER = 41
TITLE = N_("Served models")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One arm of a point: its ``name`` and what stands before its fields' names."""

    entry: Entry
    name: str
    prefix: Literal["baseline_", ""]


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """The points of one group, two rows each."""

    group: Group
    rows: tuple[Row, ...]


def context(report: Report) -> dict[str, Any] | None:
    """One table a group of served models; None where there is none."""
    views = [_view(report, group) for group in limits.detailed_groups(report)]
    found = [view for view in views if view.rows]
    return {"views": found, "left_out": limits.left_out(report)} if found else None


def _view(report: Report, group: Group) -> View:
    entries = [entry for entry in limits.detailed(report, group) if _is_served(entry.point)]
    return View(group=group, rows=tuple(row for entry in entries for row in _rows(report, entry)))


def _is_served(point: PointSummary) -> bool:
    return point.status == "ok" and point.runtime == "served"


def _rows(report: Report, entry: Entry) -> tuple[Row, Row]:
    baseline = report.names[entry.point.model]
    return (
        Row(entry=entry, name=baseline, prefix="baseline_"),
        Row(entry=entry, name=_candidate(entry.point) or baseline, prefix=""),
    )


def _candidate(point: PointSummary) -> str:
    """What the candidate's server was told apart by; empty for the baseline against itself."""
    given: dict[str, Any] = point.mitigations[0]["params"] if point.mitigations else {}
    name = next((str(given[key]) for key in ("model", "url", "engine", "command") if key in given), "")
    return f"{name} [{given['arguments']}]" if given.get("arguments") else name
