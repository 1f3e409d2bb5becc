"""Single stream: one query at a time, the next when the answer is back; latency of every query is kept.

The scenario of the same name in MLPerf Inference (Reddi et al. 2020, doi:10.1109/ISCA45697.2020.00045).
The device is synchronised after each query, since the user waits for it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import ClassVar

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, cycle
from suite.core.workload import Loop, Work, Workload, first_of_each_shape
from suite.errors import InputError, NotApplicable
from suite.record.schema import Phase


@dataclasses.dataclass(frozen=True, kw_only=True)
class SingleStream(Workload):
    """One query at a time.

    Attributes:
        default_batch_size: must be 1; stands here so that ``batch_size`` has one source for all workloads.
    """

    phase: ClassVar[Phase] = "inference"
    default_batch_size: int

    def __post_init__(self) -> None:
        """Checks the batch size."""
        checks.count("workload.default_batch_size", self.default_batch_size, least=1)
        if self.default_batch_size != 1:
            raise InputError(
                "single_stream puts one query at a time", got=self.default_batch_size, remedy="leave it at 1"
            )

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Puts each query on the device by itself."""
        if setup.batch_size != 1:
            raise NotApplicable(f"single_stream puts one query at a time, the batch size here is {setup.batch_size}")
        return _SingleStreamLoop(setup, pass_queries)

    def evaluate(self, setup: Setup) -> list[float]:
        """The task's own scores."""
        return setup.task.evaluate(setup)


class _SingleStreamLoop(Loop):
    def __init__(self, setup: Setup, pass_queries: int) -> None:
        self._setup = setup
        self._batches: list[Batch] = [
            setup.task.batch(setup, [example]) for example in cycle(setup.task.queries(), pass_queries)
        ]

    @property
    def pass_queries(self) -> int:
        return len(self._batches)

    @property
    def shapes(self) -> Sequence[int]:
        return first_of_each_shape(self._batches, 1)

    def keep_first(self, queries: int) -> None:
        del self._batches[queries:]

    def reset(self) -> None:
        """Nothing is left of earlier queries."""
        self._setup.forget()

    def run(self, queries: int, first: int = 0) -> Work:
        setup, tokens = self._setup, None
        latencies_s = []
        with setup.active():
            for index in range(first, first + queries):
                place = index % len(self._batches)
                if place == 0:
                    setup.forget()
                began_s = time.perf_counter()
                made = setup.task.run(setup, self._batches[place])
                setup.synchronize()
                latencies_s.append(time.perf_counter() - began_s)
                if made is not None:
                    tokens = (tokens or 0) + made
        return Work(queries=queries, batches=queries, tokens=tokens, latencies_s=latencies_s)
