"""Points that share a baseline, and the energy that it takes: the mean over all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary


def baseline_of(point: PointSummary) -> tuple[Any, ...]:
    """Everything that identifies the baseline a point of a run was compared with; task and phase first."""
    return (
        point.task,
        point.phase,
        point.workload,
        point.model,
        point.baseline_batch_size,
        point.dtype,
        point.runtime,
        point.device,
        point.hardware or "",
        point.device_map or "",
    )


def smallest_batches(points: Iterable[PointSummary]) -> dict[tuple[str, str], list[PointSummary]]:
    """By task and model the points that share the baseline of the smallest batch, the first of several."""
    groups: dict[tuple[str, str], dict[tuple[Any, ...], list[PointSummary]]] = {}
    for point in points:
        groups.setdefault((point.task, point.model), {}).setdefault(baseline_of(point), []).append(point)
    return {
        key: min(by_baseline.values(), key=lambda members: members[0].baseline_batch_size)
        for key, by_baseline in groups.items()
    }


def pooled_baseline_j(points: Iterable[PointSummary]) -> float | None:
    """Joules a query of the baseline that ``points`` share: the geometric mean over them; None where none was read.

    Each was read hours apart from the others. A point's own ratio times this is its place among the others, and what
    drifted meanwhile is in neither.
    """
    found = [point.baseline_energy_per_query_j for point in points if point.baseline_energy_per_query_j is not None]
    positive = [value for value in found if value > 0]
    if not positive:
        return None
    return math.exp(math.fsum(math.log(value) for value in positive) / len(positive))
