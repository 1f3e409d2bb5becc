"""Workload: how queries are put to a model."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch

from suite.core.setup import Setup
from suite.record.schema import Phase, RecordWarning, Window


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
class Workload(ABC):
    """How queries arrive."""

    phase: ClassVar[Phase]
    is_paced: ClassVar[bool] = False
    """Whether queries come at a pace of their own, which the device waits for between them."""

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
