"""How much of a run the page shows in full.

Every figure of every point stands in the table of techniques, whatever the run's size; but a reader of ten thousand
points opens the details of few, and a browser should not lay out the rest.
"""

from __future__ import annotations

from suite.report.view_model import Entry, Group, Report

LARGE = 1000
"""From so many points on, tables behind the first one show the leading points of each group only."""
DETAILED = 300
"""So many points a page have details then."""


def is_large(report: Report) -> bool:
    """Whether the page shows details of the leading points only."""
    return len(report.points) >= LARGE


def detailed(report: Report, group: Group) -> tuple[Entry, ...]:
    """Entries of ``group`` that have details: all, or in a large run the baseline and those that save most."""
    if not is_large(report):
        return group.entries
    return group.entries[: max(3, DETAILED // len(report.groups))]


def detailed_groups(report: Report) -> list[Group]:
    """Groups that have details: all, or in a large run the first ones."""
    return list(report.groups[:DETAILED] if is_large(report) else report.groups)


def left_out(report: Report) -> int:
    """How many points have no details on the page."""
    return len(report.points) - sum(len(detailed(report, group)) for group in detailed_groups(report))


def linked(report: Report) -> set[str]:
    """Anchors of the points that have details on the page."""
    return {entry.anchor for group in detailed_groups(report) for entry in detailed(report, group)}
