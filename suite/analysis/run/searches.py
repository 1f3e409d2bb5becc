"""Searches for points: what each cost as a whole, and how many queries of its best point repay that."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from suite.analysis.point.break_even import Repayment, break_even_queries, break_even_range, repayment
from suite.analysis.point.spent_energy import kind_of
from suite.analysis.summary import PointSummary

ACCURACY_GATE = "accuracy_gate"
"""Kind of the reason of a point that the gate on scores stopped before its windows."""
_SAVES = ("saves", "saves-accuracy-not-measured")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchCost:
    """One search of a run.

    Attributes:
        name: of the experiment.
        points: that it measured or tried.
        stopped: of them, by the gate on scores, before any window.
        best: the one of least energy ratio among those that save without loss; None where none does.
        spent_j: energy of all points as ``suite.analysis.point.spent_energy`` counts it, in the best point's component
            and basis; None where there is no best point or none was read.
        queries: of the best point that repay ``spent_j``; None where they never do, or a figure is missing.
        queries_low: at the better end of its ratio's interval.
        queries_high: at the worse end; None where the saving may be none.
        outcome: what may be said of that.
    """

    name: str
    points: int
    stopped: int
    best: PointSummary | None
    spent_j: float | None
    queries: float | None
    queries_low: float | None
    queries_high: float | None
    outcome: Repayment


def searches(points: Sequence[PointSummary]) -> list[SearchCost]:
    """One entry for each search that ``points`` of one run belong to, in order of appearance."""
    by_name: dict[str, list[PointSummary]] = {}
    for point in points:
        name = point.config.get("search")
        if isinstance(name, str):
            by_name.setdefault(name, []).append(point)
    return [_cost(name, members) for name, members in by_name.items()]


def _cost(name: str, points: Sequence[PointSummary]) -> SearchCost:
    saving = [(point.energy_ratio, point) for point in points if point.verdict in _SAVES and point.energy_ratio]
    best = min(saving, key=lambda pair: pair[0])[1] if saving else None
    kind = kind_of(best.component, best.energy_basis) if best else ""
    spent = [point.spent_energy_j[kind] for point in points if kind in point.spent_energy_j]
    spent_j = sum(spent) if spent else None
    baseline_j = best.baseline_energy_per_query_j if best else None
    low, high = (best.energy_ratio_low, best.energy_ratio_high) if best else (None, None)
    queries = break_even_queries(spent_j, baseline_j, best.energy_ratio if best else None)
    fewest, most = break_even_range(spent_j, baseline_j, low, high)
    return SearchCost(
        name=name,
        points=len(points),
        stopped=sum(point.reason_kind == ACCURACY_GATE for point in points),
        best=best,
        spent_j=spent_j,
        queries=queries,
        queries_low=fewest,
        queries_high=most,
        outcome=repayment(low, high, queries, best.instrument_floor) if best else "unknown",
    )
