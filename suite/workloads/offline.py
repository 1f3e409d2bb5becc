"""Offline: all queries are there at the start and are answered in batches, as fast as the device can.

The scenario of the same name in MLPerf Inference (Reddi et al. 2020, doi:10.1109/ISCA45697.2020.00045).
Tokenising and moving inputs to the device happen before, so that a window holds the model's work alone.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import cycle
from suite.core.workload import Loop, Workload
from suite.record.schema import Phase
from suite.toolkit.serving.batched_queries import BatchedQueries


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
        return BatchedQueries(setup, cycle(setup.task.queries(), pass_queries))

    def evaluate(self, setup: Setup) -> list[float]:
        """The task's own scores."""
        return setup.task.evaluate(setup)
