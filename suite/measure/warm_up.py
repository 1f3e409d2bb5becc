"""Warm-up: an arm runs until its time per query is steady."""

from __future__ import annotations

import math
import time

from suite.core.protocol import Protocol
from suite.measure.windows import RunnableArm
from suite.record.schema import Arm, RecordWarning
from suite.stats.cross_checks import not_steady

_SLOPES = 3
"""So many runs in a row have to take as long a query."""


class Slopes:
    """Seconds a query of runs of an arm, one after another, from now on.

    Attributes:
        seconds_per_query: of each run that was long enough to count.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._began_s = time.perf_counter()
        self.seconds_per_query: list[float] = []

    def add(self, took_s: float, queries: int) -> None:
        """One more run; of one that is too short, its start and end are most of it."""
        if took_s >= 0.5 * self._protocol.warmup_slope_s:
            self.seconds_per_query.append(took_s / queries)

    def next_size(self, size: int, took_s: float) -> int:
        """How much the next run should hold, where ``size`` took ``took_s``; at least 1."""
        return max(1, math.ceil(size * self._protocol.warmup_slope_s / max(took_s, 1e-6)))

    @property
    def spread(self) -> float | None:
        """By what share the last three differ; None where there are fewer."""
        last = self.seconds_per_query[-_SLOPES:]
        return max(last) / min(last) - 1 if len(last) == _SLOPES else None

    @property
    def is_steady(self) -> bool:
        """Whether the last three agree."""
        return self.spread is not None and self.spread <= self._protocol.warmup_tolerance

    def is_over(self, *, enough: bool = True) -> bool:
        """Whether the arm is steady, and as long as the protocol asks for, or the cap is reached.

        Args:
            enough: whether as many queries have run as the arm itself asks for.
        """
        spent_s = time.perf_counter() - self._began_s
        if self.is_steady and enough and spent_s >= self._protocol.warmup_min_s:
            return True
        return bool(self.seconds_per_query) and spent_s >= self._protocol.warmup_max_s

    def warning(self, arm: Arm) -> RecordWarning | None:
        """Where the cap came first."""
        return None if self.is_steady else not_steady(arm, self.spread, self._protocol.warmup_max_s)


def warm_up(arm: RunnableArm, protocol: Protocol) -> tuple[float, RecordWarning | None]:
    """Runs, held as in a window, until three slopes in a row agree.

    Returns:
        Seconds per query of the last slope, and a warning where the cap came first.
    """
    with arm.setup.held():
        return _until_steady(arm, Slopes(protocol))


def _until_steady(arm: RunnableArm, slopes: Slopes) -> tuple[float, RecordWarning | None]:
    queries_done, batches = 0, 1
    while not slopes.is_over(enough=queries_done >= arm.loop.warm_up_queries):
        arm.loop.reset()
        began_s = time.perf_counter()
        work = arm.loop.run(batches * arm.setup.batch_size)
        arm.setup.synchronize()
        took_s = time.perf_counter() - began_s
        queries_done += work.queries
        slopes.add(took_s, work.queries)
        batches = slopes.next_size(batches, took_s)
    return slopes.seconds_per_query[-1], slopes.warning(arm.name)
