"""Offline: all queries are there at the start and are answered in batches, as fast as the device can.

The scenario of the same name in MLPerf Inference (Reddi et al. 2020, doi:10.1109/ISCA45697.2020.00045).
Tokenising and moving inputs to the device happen before, so that a window holds the model's work alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, cycle
from suite.core.workload import Loop, Work, Workload, first_of_each_shape
from suite.record.schema import Phase


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offline(Workload):
    """Batches back to back.

    Attributes:
        default_batch_size: queries a batch where the command line names none.
    """

    phase: ClassVar[Phase] = "inference"
    default_batch_size: int

    def __post_init__(self) -> None:
        """Checks the batch size."""
        checks.count("workload.default_batch_size", self.default_batch_size, least=1)

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Collates the fixed query list into batches on the device."""
        return _OfflineLoop(setup, pass_queries)

    def evaluate(self, setup: Setup) -> list[float]:
        """The task's own scores."""
        return setup.task.evaluate(setup)


class _OfflineLoop(Loop):
    def __init__(self, setup: Setup, pass_queries: int) -> None:
        examples = setup.arranged(cycle(setup.task.queries(), pass_queries))
        size = setup.batch_size
        self._setup = setup
        self._batches: list[Batch] = [
            setup.task.batch(setup, examples[start : start + size]) for start in range(0, pass_queries, size)
        ]

    @property
    def pass_queries(self) -> int:
        return len(self._batches) * self._setup.batch_size

    @property
    def shapes(self) -> Sequence[int]:
        return first_of_each_shape(self._batches, self._setup.batch_size)

    def keep_first(self, queries: int) -> None:
        del self._batches[queries // self._setup.batch_size :]

    def reset(self) -> None:
        """Inference leaves no state behind."""

    def run(self, queries: int, first: int = 0) -> Work:
        setup, run, tokens = self._setup, self._setup.task.run, None
        batches, skipped = queries // setup.batch_size, first // setup.batch_size
        with setup.active():
            for index in range(skipped, skipped + batches):
                made = run(setup, self._batches[index % len(self._batches)])
                if made is not None:
                    tokens = (tokens or 0) + made
        return Work(queries=batches * setup.batch_size, batches=batches, tokens=tokens, latencies_s=None)
