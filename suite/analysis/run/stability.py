"""The check on the method itself: the baseline measured against itself should show a ratio of 1."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from suite.analysis.summary import PointSummary


class Stability(msgspec.Struct, frozen=True, kw_only=True):
    """What the A/A points of a run say. ``holding`` of ``points`` have 1 inside their 95 % interval."""

    points: int
    holding: int
    outside: list[str]
    """``point_id`` of those that do not hold."""


def stability(summaries: Sequence[PointSummary]) -> Stability:
    """Counts the A/A points (``mitigation`` is ``none``) with an interval, and those whose interval contains 1."""
    intervals = [
        (point.point_id, point.energy_ratio_low, point.energy_ratio_high)
        for point in summaries
        if point.mitigation == "none" and point.status == "ok"
    ]
    known = [(name, low, high) for name, low, high in intervals if low is not None and high is not None]
    outside = [name for name, low, high in known if not low <= 1 <= high]
    return Stability(points=len(known), holding=len(known) - len(outside), outside=outside)
