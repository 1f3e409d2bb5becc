"""How long a sweep will take, as far as the protocol and the number of devices decide it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple


class Forecast(NamedTuple):
    """Seconds that a sweep takes, at least and at most.

    Attributes:
        low_s: where every point stops at its fewest blocks.
        high_s: where every point goes on to its most.
        devices: how many points are measured at once; None where only the cluster knows, and the seconds are the
            sum over all points.
    """

    low_s: float
    high_s: float
    devices: int | None


def forecast(ranges_s: Sequence[tuple[float, float]], devices: int | None) -> Forecast:
    """The forecast for points that take ``ranges_s`` (at least, at most), in their order, on ``devices`` at once."""
    at_once = None if devices is None else max(1, min(devices, len(ranges_s)))
    lows_s, highs_s = [low for low, _ in ranges_s], [high for _, high in ranges_s]
    return Forecast(_until_all_end_s(lows_s, at_once or 1), _until_all_end_s(highs_s, at_once or 1), at_once)


def _until_all_end_s(durations_s: Sequence[float], devices: int) -> float:
    """Each point is taken by the device that is free first."""
    busy_until_s = [0.0] * devices
    for duration_s in durations_s:
        heapq.heapreplace(busy_until_s, busy_until_s[0] + duration_s)
    return max(busy_until_s)
