"""The same points in several runs: what they are called where runs stand side by side."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from suite.analysis.summary import PointSummary
from suite.report.view_model import Group, groups_of


def shared_groups(points: Iterable[PointSummary]) -> list[Group]:
    """Groups of ``points`` over all runs and machines, each ``point_id`` once: for names, titles and order.

    A point is shown by the first run in which it ended with a result. Its figures are that run's, its anchor no one's.
    """
    chosen: dict[str, PointSummary] = {}
    for point in points:
        before = chosen.get(point.point_id)
        if before is None or (before.status != "ok" and point.status == "ok"):
            chosen[point.point_id] = point
    return groups_of([msgspec.structs.replace(point, run="", hardware=None) for point in chosen.values()])
