"""Warm-up: an arm runs until its time per query is steady."""

from __future__ import annotations

import math
import time

from suite.core.protocol import Protocol
from suite.measure.windows import RunnableArm
from suite.record.schema import RecordWarning
from suite.stats.cross_checks import not_steady


def warm_up(arm: RunnableArm, protocol: Protocol) -> tuple[float, RecordWarning | None]:
    """Runs, held as in a window, until three slopes in a row agree.

    Returns:
        Seconds per query of the last slope, and a warning where the cap came first.
    """
    with arm.setup.held():
        return _until_steady(arm, protocol)


def _until_steady(arm: RunnableArm, protocol: Protocol) -> tuple[float, RecordWarning | None]:
    size = arm.setup.batch_size
    slopes: list[float] = []
    queries_done, batches, began_s = 0, 1, time.perf_counter()
    while True:
        arm.loop.reset()
        slope_began_s = time.perf_counter()
        work = arm.loop.run(batches * size)
        arm.setup.synchronize()
        took_s = time.perf_counter() - slope_began_s
        queries_done += work.queries
        if took_s >= 0.5 * protocol.warmup_slope_s:
            slopes.append(took_s / work.queries)
        batches = max(1, math.ceil(batches * protocol.warmup_slope_s / max(took_s, 1e-6)))
        spent_s = time.perf_counter() - began_s
        steady = len(slopes) >= 3 and max(slopes[-3:]) <= min(slopes[-3:]) * (1 + protocol.warmup_tolerance)
        if steady and spent_s >= protocol.warmup_min_s and queries_done >= arm.loop.warm_up_queries:
            return slopes[-1], None
        if spent_s >= protocol.warmup_max_s and slopes:
            return slopes[-1], None if steady else _not_steady(arm, slopes, protocol)


def _not_steady(arm: RunnableArm, slopes: list[float], protocol: Protocol) -> RecordWarning:
    spread = max(slopes[-3:]) / min(slopes[-3:]) - 1
    return not_steady(arm.name, spread, protocol.warmup_max_s)
