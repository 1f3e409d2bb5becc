"""Workload: how queries are put to a model."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch

from suite.core.setup import Setup
from suite.errors import NoEffect, NotApplicable
from suite.record.schema import Phase, RecordWarning, TrainingCheck, Window


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """What one run did: ``latencies_s`` has one entry a query and only where each query was waited for.

    ``has_overlap`` says that queries were waited for at the same time, so that their latencies do not add up.
    """

    queries: int
    batches: int
    tokens: int | None
    latencies_s: list[float] | None
    has_overlap: bool = False


class Loop(ABC):
    """A workload made ready for one setup: inputs lie on the device, so that ``run`` is nothing but work."""

    @property
    @abstractmethod
    def pass_queries(self) -> int:
        """Queries in one pass over the fixed list; a whole number of batches."""

    @property
    @abstractmethod
    def shapes(self) -> Sequence[int]:
        """The first query of a batch of each shape: what is compiled by shape has seen them all after these."""

    @abstractmethod
    def keep_first(self, queries: int) -> None:
        """Makes the list its first ``queries`` queries, whole batches, from here on."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the state before any run (weights, optimiser, list position). Called outside windows."""

    @abstractmethod
    def run(self, queries: int, first: int = 0) -> Work:
        """Runs ``queries`` queries in list order from the ``first`` on, round and round. Does not synchronise.

        Both counts are whole batches.
        """

    def run_part(self, queries: int) -> None:
        """Runs ``queries`` queries from the first on, or as much of long ones as shows what such work needs."""
        self.run(queries)

    @property
    def warm_up_queries(self) -> int:
        """Fewest queries before an arm may count as steady; fewer where a query is long in itself."""
        return 10


def first_of_each_shape(batches: Sequence[Mapping[str, torch.Tensor]], size: int) -> tuple[int, ...]:
    """The number of the first query of each batch that has shapes which no batch before it has.

    Args:
        batches: tensors by name.
        size: queries a batch.
    """
    found: dict[tuple[tuple[str, torch.Size], ...], int] = {}
    for index, batch in enumerate(batches):
        found.setdefault(tuple((name, tensor.shape) for name, tensor in sorted(batch.items())), index * size)
    return tuple(found.values())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """An arm's work gone through once, ahead of any window.

    Attributes:
        setup: with what the work takes, now that it is known.
        checks: the course of a training; empty where nothing is trained to its end.
        refusal: why the work cannot be measured; raised once the checks are kept.
    """

    setup: Setup
    checks: Sequence[TrainingCheck] = ()
    refusal: NotApplicable | NoEffect | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workload(ABC):
    """How queries arrive."""

    phase: ClassVar[Phase]
    is_paced: ClassVar[bool] = False
    """Whether queries come at a pace of their own, which the device waits for between them."""
    distinct_queries: ClassVar[int | None] = None
    """How many queries of the list differ; None for as many as the task says."""

    def prepared(self, baseline: Setup) -> Setup:
        """What techniques start from: ``baseline`` with what both arms share in this workload (first weights, a goal).

        Raises:
            NotApplicable: the model cannot be run under this workload.
        """
        return baseline

    def as_counted(self, setup: Setup) -> Setup:
        """``setup`` as windows count it: its batch size is the number of queries that are run at once."""
        return setup

    def kept_numbers(self, parameters: int, trained: int) -> int:
        """Numbers that an arm surely keeps on the device beside its model.

        Args:
            parameters: of the model.
            trained: how many of them are trained where the workload trains.
        """
        return 0

    def rehearsed(self, setup: Setup) -> Rehearsal:
        """Finds what has to be known of ``setup`` before its loop can be made."""
        return Rehearsal(setup=setup)

    @abstractmethod
    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Prepares the workload for ``setup``: a list of ``pass_queries`` queries in batches of its batch size.

        Raises:
            NotApplicable: the setup cannot run under this workload.
        """

    def warnings(self, windows: Sequence[Window]) -> list[RecordWarning]:
        """What the windows of a point show against what this workload asks of them; nothing unless it asks."""
        return []

    @abstractmethod
    def evaluate(self, setup: Setup) -> list[float]:
        """Scores of the setup under this workload, one a test item (after training steps where it trains)."""
