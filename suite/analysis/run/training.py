"""Training beside inference: how many queries one training sample costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from suite.analysis.summary import PointSummary


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
