"""Training beside inference, in queries; and what a whole training has spent when its score was looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from suite.analysis.summary import PointSummary
from suite.record.schema import Arm


class Meter(NamedTuple):
    """What was read and how: joules are compared within one meter alone."""

    component: str
    basis: str


def baseline_means(points: Sequence[PointSummary]) -> dict[Meter, float]:
    """Joules a query (a sample, in training) of the baseline that ``points`` share, the mean over them, by meter."""
    found: dict[Meter, list[float]] = {}
    for point in points:
        if point.component is None or point.energy_basis is None or point.baseline_energy_per_query_j is None:
            continue
        found.setdefault(Meter(point.component, point.energy_basis), []).append(point.baseline_energy_per_query_j)
    return {meter: math.fsum(values) / len(values) for meter, values in found.items()}


def queries_per_sample(training: Sequence[PointSummary], inference: Sequence[PointSummary]) -> dict[Meter, float]:
    """How many queries take the energy of one training sample, both of the baseline, by meter that read both."""
    samples, queries = baseline_means(training), baseline_means(inference)
    return {meter: samples[meter] / queries[meter] for meter in samples if queries.get(meter, 0.0) > 0}


class Spent(NamedTuple):
    """A look at the score of held-out samples, and the joules that training had taken by then."""

    steps: int
    samples: int
    energy_j: float
    score: float


def spent_course(point: PointSummary, arm: Arm) -> tuple[Spent, ...]:
    """The course of an arm's whole training over its energy: each step takes its share of the whole, as measured.

    Returns:
        Empty where the point does not train to an end, or has no energy.
    """
    checks = point.training_curves.get(arm, [])
    whole_j = point.energy_per_query_j if arm == "candidate" else point.baseline_energy_per_query_j
    if not checks or whole_j is None:
        return ()
    each_j = whole_j / checks[-1].steps
    return tuple(Spent(check.steps, check.samples, check.steps * each_j, check.score) for check in checks)
