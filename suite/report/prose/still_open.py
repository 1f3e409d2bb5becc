"""What a run has left open for want of time, and how much longer it would take."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from suite.analysis.summary import PointSummary
from suite.measure.block_limits import BUDGET
from suite.record.times import elapsed_s


class StillOpen(NamedTuple):
    """Points that were left out or not finished.

    Attributes:
        left_out: had no time at all, or not for their fewest blocks.
        wide: were measured, and their interval is wider than their protocol asks for.
        more_s: seconds that the points left out take at the pace of those that were measured; None where none was.
    """

    left_out: int
    wide: int
    more_s: float | None


def still_open(points: Sequence[PointSummary]) -> StillOpen | None:
    """What a budget left open; None where it left out no point."""
    left_out = [point for point in points if point.reason_kind == BUDGET]
    if not left_out:
        return None
    spans_s = (elapsed_s(point.started_at, point.finished_at) for point in points if point.status == "ok")
    took_s = [span_s for span_s in spans_s if span_s is not None]
    return StillOpen(
        left_out=len(left_out),
        wide=sum(point.converged is False for point in points),
        more_s=len(left_out) * statistics.median(took_s) if took_s else None,
    )
