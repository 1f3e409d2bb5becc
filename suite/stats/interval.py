"""Intervals of means: Student's t, plain and clustered, and Welch's for independent samples.

Pure functions on sequences of floats. Ratios are handled as logarithms: form the interval there, then take it
``through(math.exp)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from scipy import special

LEVEL = 0.95
"""Confidence level of everything that is reported; the stopping rule asks for its own."""


class Interval(msgspec.Struct, frozen=True):
    """A point estimate with the ends of its confidence interval.

    Attributes:
        estimate: the point.
        low: the lower end; None where no interval could be formed, as from a single value.
        high: the upper end; None where ``low`` is.
    """

    estimate: float
    low: float | None = None
    high: float | None = None

    @property
    def half_width(self) -> float | None:
        """Half the distance between the ends; None where there are none."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends, for those who have made sure that there are some.

        Raises:
            ValueError: there are none.
        """
        if self.low is None or self.high is None:
            raise ValueError(f"an interval without ends around {self.estimate}")
        return self.low, self.high

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies between the ends; never where there are none."""
        return self.low is not None and self.high is not None and self.low <= value <= self.high

    def through(self, rising: Callable[[float], float]) -> Interval:
        """All three after a ``rising`` function, which keeps the ends in order."""
        low, high = (None if end is None else rising(end) for end in (self.low, self.high))
        return Interval(rising(self.estimate), low, high)


class Estimate(msgspec.Struct, frozen=True):
    """A figure with what its intervals and p values at any level are made of.

    Attributes:
        value: the figure as it was seen.
        centre: the middle of its intervals; ``value`` itself, but where an interval corrects for few changes.
        standard_error: of ``centre``; None where it is not known, as from a single value.
        freedom: degrees of freedom of Student's t.
    """

    value: float
    centre: float
    standard_error: float | None
    freedom: float

    def interval(self, level: float = LEVEL) -> Interval:
        """The two-sided interval; without ends where the standard error is not known."""
        if self.standard_error is None:
            return Interval(self.value)
        reach = t_quantile(level, self.freedom) * self.standard_error
        return Interval(self.value, self.centre - reach, self.centre + reach)

    def p_value_beyond(self, floor: float) -> float:
        """Two-sided p value of the hypothesis that the truth lies within ``floor`` of 0.

        It is below 1 - L exactly where the interval of level L lies on one side of both ``-floor`` and ``floor``.

        Returns:
            1.0 where the centre itself lies within, or the standard error is not known.
        """
        distance = abs(self.centre) - floor
        if self.standard_error is None or distance <= 0:
            return 1.0
        if self.standard_error == 0:
            return 0.0
        return min(1.0, 2 * float(special.stdtr(self.freedom, -distance / self.standard_error)))


def around(estimate: float, half_width: float | None) -> Interval:
    """``estimate`` with an interval of ``half_width`` to both sides; without one for a ``half_width`` of None."""
    if half_width is None:
        return Interval(estimate)
    return Interval(estimate, estimate - half_width, estimate + half_width)


def t_quantile(level: float, freedom: float) -> float:
    """Half-width, in standard errors, of the two-sided Student-t interval with ``freedom`` degrees of freedom."""
    return float(special.stdtrit(freedom, 0.5 + level / 2))  # what stats.t.ppf calls, without its 50 µs of checks


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Student-t interval of the mean of independent ``values``.

    Returns:
        Without ends for a single value, which says nothing about its own spread; None for no values.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    return clustered_mean_interval(values, range(len(values)), level)


def clustered_mean_interval(values: Sequence[float], clusters: Sequence[int], level: float = LEVEL) -> Interval | None:
    """Student-t interval of the mean of ``values`` whose items share a source where ``clusters`` agree.

    Cluster-robust variance of a mean with the G/(G-1) correction and G-1 degrees of freedom
    (Liang & Zeger 1986, doi:10.1093/biomet/73.1.13; for evaluations: Miller 2024, arXiv:2411.00640).
    With one item a cluster it is the ordinary t interval.

    Returns:
        Without ends for a single cluster; None for no values.

    Raises:
        ValueError: a value is not finite, or the two sequences differ in length.
    """
    found = clustered_mean(values, clusters)
    return None if found is None else found.interval(level)


def clustered_mean(values: Sequence[float], clusters: Sequence[int]) -> Estimate | None:
    """The mean behind ``clustered_mean_interval``, for any level.

    Returns:
        Without standard error for a single cluster; None for no values.

    Raises:
        ValueError: a value is not finite, or the two sequences differ in length.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values but {len(clusters)} cluster numbers")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("values must be finite")
    if not values:
        return None
    groups: dict[int, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        groups.setdefault(cluster, []).append(value)
    count = len(groups)
    mean = math.fsum(values) / len(values)
    if count < 2:
        return Estimate(mean, mean, None, 0.0)
    sums = [math.fsum(value - mean for value in group) for group in groups.values()]
    variance = count / (count - 1) * math.fsum(total * total for total in sums) / len(values) ** 2
    return Estimate(mean, mean, math.sqrt(variance), float(count - 1))


def welch_interval(
    added: Sequence[Sequence[float]], subtracted: Sequence[Sequence[float]], level: float = LEVEL
) -> Interval:
    """The means of the independent samples ``added`` less those of ``subtracted``, with Welch's interval.

    The variances of the means add up, and the degrees of freedom follow Welch and Satterthwaite
    (Welch 1947, doi:10.1093/biomet/34.1-2.28). For one sample less another it is Welch's t interval.

    Args:
        added: samples of at least one value each.
        subtracted: likewise.
        level: of confidence.

    Returns:
        Without ends where a sample has a single value.
    """
    plus, minus = [_mean(sample) for sample in added], [_mean(sample) for sample in subtracted]
    every = [*plus, *minus]
    centre = math.fsum(each.mean for each in plus) - math.fsum(each.mean for each in minus)
    known = [(each.variance, each.freedom) for each in every if each.variance is not None]
    if len(known) < len(every):
        return Interval(centre)
    total = math.fsum(variance for variance, _ in known)
    if total == 0:
        return around(centre, 0.0)
    freedom = total**2 / math.fsum(variance**2 / one for variance, one in known)
    return around(centre, t_quantile(level, freedom) * math.sqrt(total))


def welch_ratio(over: Sequence[float], under: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Geometric mean of ``over`` over that of ``under``, which are not paired, with Welch's interval of the logarithms.

    Returns:
        Without ends where one of them has a single value; None where there is none, or one is not above 0.
    """
    if not over or not under or min(*over, *under) <= 0:
        return None
    logs_over, logs_under = ([math.log(value) for value in values] for values in (over, under))
    return welch_interval([logs_over], [logs_under], level).through(math.exp)


class _Mean(NamedTuple):
    """Mean of a sample; ``variance`` is that of the mean, None for a single value."""

    mean: float
    variance: float | None
    freedom: int


def _mean(sample: Sequence[float]) -> _Mean:
    mean = math.fsum(sample) / len(sample)
    freedom = len(sample) - 1
    squares = math.fsum((value - mean) ** 2 for value in sample)
    return _Mean(mean, squares / freedom / len(sample) if freedom else None, freedom)
