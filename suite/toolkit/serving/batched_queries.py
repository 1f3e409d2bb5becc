"""Batches back to back: a fixed list of queries, on the device before the first of them is answered."""

from __future__ import annotations

from collections.abc import Sequence

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.core.workload import Loop, Work, first_of_each_shape


class BatchedQueries(Loop):
    """Answers whole batches of the list, as fast as the device can."""

    def __init__(self, setup: Setup, examples: Sequence[Example]) -> None:
        """Collates ``examples``, whole batches in the order in which they come, on the device."""
        arranged, size = setup.arranged(examples), setup.batch_size
        self._setup = setup
        self._batches: list[Batch] = [
            setup.task.batch(setup, arranged[start : start + size]) for start in range(0, len(arranged), size)
        ]

    @property
    def pass_queries(self) -> int:
        """See Loop."""
        return len(self._batches) * self._setup.batch_size

    @property
    def shapes(self) -> Sequence[int]:
        """See Loop."""
        return first_of_each_shape(self._batches, self._setup.batch_size)

    def keep_first(self, queries: int) -> None:
        """See Loop."""
        del self._batches[queries // self._setup.batch_size :]

    def reset(self) -> None:
        """Nothing is left of earlier queries."""
        self._setup.forget()

    def run(self, queries: int, first: int = 0) -> Work:
        """See Loop."""
        setup, run, tokens = self._setup, self._setup.task.run, None
        batches, skipped = queries // setup.batch_size, first // setup.batch_size
        with setup.active():
            for index in range(skipped, skipped + batches):
                place = index % len(self._batches)
                if place == 0:
                    setup.forget()
                made = run(setup, self._batches[place])
                if made is not None:
                    tokens = (tokens or 0) + made
        return Work(queries=batches * setup.batch_size, batches=batches, tokens=tokens, latencies_s=None)
