"""Verdicts of the points of one run, which need to know of each other: the instrument's floor, and how many there are.

*The floor.* A baseline that is measured against itself (A/A) should show a ratio of 1. Where its interval leaves 1 out,
the instrument is off by something that no interval holds, and nothing smaller is told apart from no change. So the
floor of a point is the largest such deviation among the A/A points of the run on the same hardware, component and
basis, and at least ``FLOOR``. An A/A point is never its own measure: its floor comes from the others.

*The number of comparisons.* Of many intervals at 95 % some miss. ``verdict`` judges each point by itself;
``verdict_corrected`` holds over all points of the run: changes of energy by Holm's procedure over all that have an
interval, and scores by simultaneous intervals over those that save energy after that, each of the two with a chance of
5 % that any claim of the run is false. The
corrected intervals are simultaneous ones; that of an energy which Holm's procedure tells from no change ends at the
floor at most, as its compatible intervals do (Strassburger & Bretz 2008, doi:10.1002/sim.3338).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from suite.analysis.verdict import FLOOR, Verdict, verdict_on
from suite.stats.claims import holm, simultaneous_level
from suite.stats.interval import Estimate, Interval
from suite.stats.paired import log_ratio

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary


def judged(points: Sequence[PointSummary]) -> list[PointSummary]:
    """The points of one run, in order, with their floors, verdicts and corrected verdicts and intervals."""
    floors = instrument_floors(points)
    energies = [log_ratio(point.block_energy_ratios) if point.status == "ok" else None for point in points]
    compared = {i: each for i, each in enumerate(energies) if each is not None and each.standard_error is not None}
    p_values = [each.p_value_beyond(math.log1p(floors[index])) for index, each in compared.items()]
    claimed = dict(zip(compared, holm(p_values), strict=True))
    saving = sum(claimed[index] and each.centre < 0 for index, each in compared.items())
    return [
        msgspec.structs.replace(point, verdict_corrected=point.verdict)
        if point.status != "ok"
        else msgspec.structs.replace(
            point,
            instrument_floor=floor,
            verdict=_verdict(point, floor),
            **_corrected(point, floor, energy, (len(compared), saving), is_claimed=claimed.get(index, False)),
        )
        for index, (point, floor, energy) in enumerate(zip(points, floors, energies, strict=True))
    ]


def instrument_floors(points: Sequence[PointSummary]) -> list[float]:
    """For each point the relative change that its instrument cannot tell from none."""
    shown = [(index, _instrument(point), _deviation(point)) for index, point in enumerate(points) if _is_aa(point)]
    return [
        max([FLOOR, *(off for other, instrument, off in shown if other != index and instrument == _instrument(point))])
        for index, point in enumerate(points)
    ]


def _is_aa(point: PointSummary) -> bool:
    return point.mitigation == "none" and point.status == "ok"


def _instrument(point: PointSummary) -> tuple[Any, ...]:
    return point.run, point.hardware, point.component, point.energy_basis


def _deviation(point: PointSummary) -> float:
    """How far an A/A ratio is from 1, as a relative change; 0 where its interval holds 1, and so shows nothing."""
    ratio, low, high = point.energy_ratio, point.energy_ratio_low, point.energy_ratio_high
    if ratio is None or low is None or high is None or low <= 1 <= high:
        return 0.0
    return max(ratio, 1 / ratio) - 1


def judged_at(point: PointSummary, margin: float) -> PointSummary:
    """A point that ``judged`` gave, as it would be with another margin, in the unit of its score; nothing else changes.

    What is claimed of its energy does not depend on the margin, and its score's intervals do not either. A point of a
    table that an older version derived has no corrected verdict, here neither.
    """
    if point.status != "ok" or not point.is_judged_by_score:
        return point
    return msgspec.structs.replace(
        point,
        margin=margin,
        verdict=_verdict(point, point.instrument_floor, margin=margin),
        verdict_corrected=None
        if point.verdict_corrected is None
        else _verdict(
            point,
            point.instrument_floor,
            margin=margin,
            delta=Interval(0.0, point.score_delta_low_corrected, point.score_delta_high_corrected),
            is_claimed=point.is_energy_claimed,
        ),
    )


def _verdict(
    point: PointSummary,
    floor: float,
    *,
    margin: float | None = None,
    delta: Interval | None = None,
    is_claimed: bool = True,
) -> Verdict:
    """With the point's own margin and the 95 % interval of its score where no others are given."""
    shown = delta or Interval(0.0, point.score_delta_low, point.score_delta_high)
    return verdict_on(
        ratio_low=point.energy_ratio_low,
        ratio_high=point.energy_ratio_high,
        scored=point.is_judged_by_score,
        delta_low=shown.low,
        delta_high=shown.high,
        margin=(point.margin or 0.0) if margin is None else margin,
        floor=floor,
        is_claimed=is_claimed,
    )


def _corrected(
    point: PointSummary, floor: float, energy: Estimate | None, comparisons: tuple[int, int], *, is_claimed: bool
) -> dict[str, Any]:
    level, score_level = (simultaneous_level(count) for count in comparisons)
    delta = point.score_estimate.interval(score_level) if point.score_estimate else Interval(0.0)
    verdict = _verdict(point, floor, delta=delta, is_claimed=is_claimed)
    ratio = _compatible(energy.interval(level), math.log1p(floor), is_claimed=is_claimed) if energy else Interval(0.0)
    return {
        "verdict_corrected": verdict,
        "comparisons": comparisons[0],
        "energy_ratio_low_corrected": None if ratio.low is None else math.exp(ratio.low),
        "energy_ratio_high_corrected": None if ratio.high is None else math.exp(ratio.high),
        "score_delta_low_corrected": delta.low,
        "score_delta_high_corrected": delta.high,
        "is_energy_claimed": is_claimed,
    }


def _compatible(interval: Interval, floor: float, *, is_claimed: bool) -> Interval:
    """The interval of a log ratio; where a change is claimed, it does not reach back over the floor."""
    if not is_claimed or interval.low is None or interval.high is None:
        return interval
    if interval.estimate < 0:
        return Interval(interval.estimate, interval.low, min(interval.high, -floor))
    return Interval(interval.estimate, max(interval.low, floor), interval.high)
