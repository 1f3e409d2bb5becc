"""What is done once for an arm, metered: applying techniques, compiling."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable

from suite.core.meter import OpenMeter
from suite.errors import ImpossibleOutput


@dataclasses.dataclass(frozen=True, kw_only=True)
class OneOff:
    """Seconds and joules by component with how they were got; energy below the meter's step is left out, not 0."""

    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]


def metered(meter: OpenMeter, work: Callable[[], None]) -> OneOff:
    """Does ``work`` in a window of its own, which is closed whatever becomes of it.

    Args:
        meter: open.
        work: ends when the device has finished it.
    """
    token = meter.start()
    began_s = time.perf_counter()
    try:
        work()
    except BaseException:  # an interruption too must leave no window open
        with contextlib.suppress(ImpossibleOutput):  # whatever the meter says now, the work's own error counts
            meter.stop(token)
        raise
    duration_s = time.perf_counter() - began_s
    readings = meter.stop(token)
    energy_j = {component: energy for component, energy in readings.energy_j.items() if energy > 0}
    method = {component: readings.method[component] for component in energy_j}
    return OneOff(duration_s=duration_s, energy_j=energy_j, method=method)
