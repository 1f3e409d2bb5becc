"""Repeated queries: offline, with a stream in which a share of the queries asks what was asked before.

What a cache of answers can save depends on nothing else. Both arms answer the same stream.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import cycle
from suite.core.workload import Loop, Workload
from suite.record.schema import Phase
from suite.toolkit.serving import query_stream
from suite.toolkit.serving.batched_queries import BatchedQueries


@dataclasses.dataclass(frozen=True, kw_only=True)
class RepeatedQueries(Workload):
    """Batches back to back, of queries of which some come again.

    Attributes:
        default_batch_size: queries a batch where the command line names none.
        repeat_share: share of the queries that ask what was asked before, in [0, 1).
        zipf_exponent: how much the repeats prefer what was asked first, from 0 (not at all) to 10.
    """

    phase: ClassVar[Phase] = "inference"
    default_batch_size: int
    repeat_share: float
    zipf_exponent: float

    def __post_init__(self) -> None:
        """Checks the figures."""
        checks.count("workload.default_batch_size", self.default_batch_size, least=1)
        query_stream.check_repeats(self.repeat_share, self.zipf_exponent)

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Collates the stream into batches on the device."""
        stream = query_stream.with_repeats(
            cycle(setup.task.queries(), pass_queries),
            repeat_share=self.repeat_share,
            zipf_exponent=self.zipf_exponent,
            seed=setup.seed,
        )
        return BatchedQueries(setup, stream)

    def evaluate(self, setup: Setup) -> list[float]:
        """The task's own scores."""
        return setup.task.evaluate(setup)
