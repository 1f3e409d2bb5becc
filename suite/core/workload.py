"""Workload: how queries are put to a model."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import ClassVar

from suite.core.setup import Setup
from suite.record.schema import Phase


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """What one run did: ``latencies_s`` has one entry a query and only where each query was waited for."""

    queries: int
    batches: int
    tokens: int | None
    latencies_s: list[float] | None


class Loop(ABC):
    """A workload made ready for one setup: inputs lie on the device, so that ``run`` is nothing but work."""

    @property
    @abstractmethod
    def pass_queries(self) -> int:
        """Queries in one pass over the fixed list; a whole number of batches."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the state before any run (weights, optimiser, list position). Called outside windows."""

    @abstractmethod
    def run(self, queries: int, first: int = 0) -> Work:
        """Runs ``queries`` queries in list order from the ``first`` on, round and round. Does not synchronise.

        Both counts are whole batches.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workload(ABC):
    """How queries arrive."""

    phase: ClassVar[Phase]

    @abstractmethod
    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Prepares the workload for ``setup``: a list of ``pass_queries`` queries in batches of its batch size.

        Raises:
            NotApplicable: the setup cannot run under this workload.
        """

    @abstractmethod
    def evaluate(self, setup: Setup) -> list[float]:
        """Scores of the setup under this workload, one a test item (after training steps where it trains)."""
