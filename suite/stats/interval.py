"""Student-t intervals for means, plain and clustered. Pure functions on sequences of floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from scipy import stats


class Interval(NamedTuple):
    """A point estimate with the ends of its confidence interval."""

    estimate: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the distance between the ends."""
        return (self.high - self.low) / 2

    def exp(self) -> Interval:
        """Log ratios back to ratios, ends included."""
        return Interval(*(math.exp(value) for value in self))


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """Student-t interval of the mean of independent ``values``.

    Returns:
        None for fewer than two values: one value says nothing about its own spread.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    return clustered_mean_interval(values, range(len(values)), level)


def clustered_mean_interval(values: Sequence[float], clusters: Sequence[int], level: float = 0.95) -> Interval | None:
    """Student-t interval of the mean of ``values`` whose items share a source where ``clusters`` agree.

    Cluster-robust variance of a mean with the G/(G-1) correction and G-1 degrees of freedom
    (Liang & Zeger 1986, doi:10.1093/biomet/73.1.13; for evaluations: Miller 2024, arXiv:2411.00640).
    With one item a cluster it is the ordinary t interval.

    Returns:
        None for fewer than two clusters.

    Raises:
        ValueError: a value is not finite, or the two sequences differ in length.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values but {len(clusters)} cluster numbers")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("values must be finite")
    groups: dict[int, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        groups.setdefault(cluster, []).append(value)
    count = len(groups)
    if count < 2:
        return None
    mean = math.fsum(values) / len(values)
    sums = [math.fsum(value - mean for value in group) for group in groups.values()]
    variance = count / (count - 1) * math.fsum(total * total for total in sums) / len(values) ** 2
    reach = float(stats.t.ppf(0.5 + level / 2, count - 1)) * math.sqrt(variance)
    return Interval(mean, mean - reach, mean + reach)
