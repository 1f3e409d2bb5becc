"""A figure with its interval, where one could be formed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Estimate(NamedTuple):
    """A point estimate with the ends of its 95 % interval; both are None where there is none."""

    estimate: float
    low: float | None = None
    high: float | None = None

    def through(self, rising: Callable[[float], float]) -> Estimate:
        """All three after a ``rising`` function, which keeps the ends in order."""
        low, high = (None if end is None else rising(end) for end in (self.low, self.high))
        return Estimate(rising(self.estimate), low, high)


def around(estimate: float, reach: float | None) -> Estimate:
    """``estimate`` with an interval of ``reach`` to both sides; without one for a ``reach`` of None."""
    return Estimate(estimate) if reach is None else Estimate(estimate, estimate - reach, estimate + reach)
