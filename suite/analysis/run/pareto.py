"""The Pareto front: points that no other point beats in both energy and score.

A point stands at its paired ratio times the baseline that its group shares, as in the chart: joules of points that were
measured hours apart are not compared. Near the front is what a point of the front beats, but not beyond doubt: neither
their energies nor their scores are told apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from suite.analysis.run.baselines import baseline_of, pooled_baseline_j

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary


class Candidate(NamedTuple):
    """A point's place: energy per query (less is better) and score turned so that more is better.

    ``energy_reach`` is the half-width of the interval of the logarithm of the energy, ``score_reach`` that of the
    score; infinite where there is no interval.
    """

    energy_j: float
    score: float
    energy_reach: float = math.inf
    score_reach: float = math.inf


def front(candidates: Sequence[Candidate]) -> list[bool]:
    """For each candidate whether it is on the front. Equal candidates stand or fall together."""
    on = [False] * len(candidates)
    best = -math.inf
    last: Candidate | None = None
    for index in sorted(
        range(len(candidates)), key=lambda index: (candidates[index].energy_j, -candidates[index].score)
    ):
        one = candidates[index]
        if one.score > best or (last is not None and one[:2] == last[:2]):
            on[index], best, last = True, one.score, one
    return on


def near_front(candidates: Sequence[Candidate], on: Sequence[bool]) -> list[bool]:
    """For each candidate whether it is off the front, but no candidate on the front beats it beyond doubt.

    The energies of two points are independent, so the half-widths of their logarithms are squared and added (MOVER:
    Zou & Donner 2008, doi:10.1002/sim.3095). Their scores share the test items; how their errors go together is not
    known here, so half-widths are added, which covers whatever the correlation is.
    """
    leading = [candidate for candidate, is_on in zip(candidates, on, strict=True) if is_on]
    return [
        not is_on and not any(_dominates(other, candidate) and _is_told_apart(other, candidate) for other in leading)
        for candidate, is_on in zip(candidates, on, strict=True)
    ]


def _dominates(one: Candidate, other: Candidate) -> bool:
    return one.energy_j <= other.energy_j and one.score >= other.score and one[:2] != other[:2]


def _is_told_apart(one: Candidate, other: Candidate) -> bool:
    apart = math.log(other.energy_j / one.energy_j)
    return apart > math.hypot(one.energy_reach, other.energy_reach) or (
        one.score - other.score > one.score_reach + other.score_reach
    )


def marked_front(points: Sequence[PointSummary]) -> list[PointSummary]:
    """The points of a run, those on the front and near it marked.

    Scored points of the same task, phase, workload and hardware are compared, those that miss a latency gate left out;
    joules of different components, or got in different ways, are not.
    """
    shared: dict[tuple[Any, ...], list[PointSummary]] = {}
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, point in enumerate(points):
        if point.status == "ok":
            shared.setdefault(_baseline(point), []).append(point)
            if _can_lead(point):
                comparable = (point.task, point.phase, point.workload, point.hardware, *_meter(point), point.metric)
                groups.setdefault(comparable, []).append(index)
    baselines = {key: pooled_baseline_j(members) for key, members in shared.items()}
    marked = list(points)
    for indices in groups.values():
        places = [_place(points[index], baselines[_baseline(points[index])]) for index in indices]
        on = front(places)
        for index, is_on, is_near in zip(indices, on, near_front(places, on), strict=True):
            marked[index] = msgspec.structs.replace(points[index], pareto=is_on, is_near_front=is_near)
    return marked


def _can_lead(point: PointSummary) -> bool:
    """Whether a point has both figures, and answers as fast as was asked for."""
    has_energy = point.energy_per_query_j is not None and point.energy_per_query_j > 0
    return has_energy and point.score is not None and not point.missed_latency_gates


def _meter(point: PointSummary) -> tuple[Any, ...]:
    return point.component, point.energy_basis


def _baseline(point: PointSummary) -> tuple[Any, ...]:
    return (*baseline_of(point), *_meter(point))


def _place(point: PointSummary, baseline_j: float | None) -> Candidate:
    assert point.energy_per_query_j is not None
    assert point.score is not None
    is_paired = point.energy_ratio is not None and baseline_j is not None
    return Candidate(
        energy_j=point.energy_ratio * baseline_j if is_paired else point.energy_per_query_j,  # type: ignore[operator]
        score=point.score if point.higher_is_better else -point.score,
        energy_reach=_log_reach(point.energy_ratio_low, point.energy_ratio_high),
        score_reach=_reach(point.score_delta_low, point.score_delta_high),
    )


def _log_reach(low: float | None, high: float | None) -> float:
    return math.inf if low is None or high is None or low <= 0 else math.log(high / low) / 2


def _reach(low: float | None, high: float | None) -> float:
    return math.inf if low is None or high is None else (high - low) / 2
