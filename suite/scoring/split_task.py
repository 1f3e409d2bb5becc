"""Tasks whose items come ready in splits, embedded or the user's own: what all of them share."""

from __future__ import annotations

import dataclasses
import functools
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from suite.core.own_data import OwnData
from suite.core.task import Example, Task, cycle
from suite.data.columns import Columns
from suite.data.examples import Kind
from suite.data.splits import Split, Splits, load_splits
from suite.scoring import items


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitTask(Task):
    """Queries and scored items are of the test split, in an order and a sample drawn by the seed."""

    kind: ClassVar[Kind]
    """What the user's own data holds."""

    @abstractmethod
    def embedded(self, split: Split) -> Sequence[Example]:
        """A split of the embedded data."""

    def train(self) -> Sequence[Example]:
        """See Task."""
        return self.split("train")

    def validation(self) -> Sequence[Example]:
        """See Task."""
        return self.split("validation")

    def test(self) -> Sequence[Example]:
        """See Task."""
        return items.sample(self.split("test"), self.max_scored, self.seed)

    def scored_from(self) -> str:
        """See Task."""
        test_is = "the embedded test split" if self.data is None else self.own(self.data).test_is
        return f"{len(self.test())} of {len(self.split('test'))} items of {test_is}"

    def queries(self) -> Sequence[Example]:
        """See Task."""
        return cycle(items.shuffled_copy(self.split("test"), self.seed), self.query_count)

    def clusters(self) -> list[int] | None:
        """See Task."""
        return items.source_numbers(self.test())

    def split(self, split: Split) -> Sequence[Example]:
        """A split of the embedded data or of the user's own, whole."""
        return self.embedded(split) if self.data is None else self.own(self.data).part(split)

    def labelled(self) -> Sequence[Example]:
        """Items whose labels the model must know: of the user's own data also those that techniques train on."""
        if self.data is None:
            return self.split("test")
        own = self.own(self.data)
        return [*own.test, *own.train, *own.validation]

    def own(self, data: OwnData) -> Splits:
        """The user's data in its splits, read once a process."""
        return _own_splits(data, self.kind, self.seed, Columns(**self.columns))


@functools.cache
def _own_splits(source: OwnData, kind: Kind, seed: int, columns: Columns) -> Splits:
    return load_splits(source, kind=kind, seed=seed, columns=columns)
