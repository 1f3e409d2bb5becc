"""Tasks on pictures that have more than one label of a fixed set: their splits, embedded or the user's own."""

from __future__ import annotations

import dataclasses
import functools
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core.own_data import OwnData
from suite.core.setup import Setup
from suite.core.task import Example, Task, cycle
from suite.data.columns import Columns
from suite.data.examples import Kind
from suite.data.splits import Split, Splits, load_splits
from suite.scoring import items


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pictures(Task):
    """Examples hold an ``image`` and, as ``label``, what there is to be said of it."""

    kind: ClassVar[Kind]
    """What the user's own data holds."""

    @abstractmethod
    def embedded(self, split: Split) -> Sequence[Example]:
        """A split of the embedded data."""

    def train(self) -> Sequence[Example]:
        """See Task."""
        return self._split("train")

    def validation(self) -> Sequence[Example]:
        """See Task."""
        return self._split("validation")

    def test(self) -> Sequence[Example]:
        """See Task."""
        return items.sample(self._split("test"), self.max_scored, self.seed)

    def scored_from(self) -> str:
        """See Task."""
        test_is = "the embedded test split" if self.data is None else self._own(self.data).test_is
        return f"{len(self.test())} of {len(self._split('test'))} items of {test_is}"

    def queries(self) -> Sequence[Example]:
        """See Task."""
        return cycle(items.shuffled_copy(self._split("test"), self.seed), self.query_count)

    def clusters(self) -> list[int] | None:
        """See Task."""
        return items.source_numbers(self.test())

    def content(self, example: Example) -> bytes:
        """What tells a sample from another, to draw its random inputs with."""
        return bytes(example["image"].tobytes())

    def noise(self, examples: Sequence[Example], shape: tuple[int, ...]) -> torch.Tensor:
        """Standard normal pixels (examples, *shape), the same for the same image: for a model without a processor."""
        drawn = [items.generator_for(self.seed, self.content(example)) for example in examples]
        return torch.stack([torch.randn(shape, generator=generator) for generator in drawn])

    def images(self, setup: Setup, examples: Sequence[Example], config: Any) -> list[Any]:
        """The images in the mode that a model of ``config`` sees: grey where it has one channel, else colour."""
        mode = "L" if getattr(config, "num_channels", 3) == 1 else "RGB"
        return [example["image"].convert(mode) for example in examples]

    def _split(self, split: Split) -> Sequence[Example]:
        if self.data is None:
            return self.embedded(split)
        return self._own(self.data).part(split)

    def _own(self, data: OwnData) -> Splits:
        return _own_splits(data, self.kind, self.seed, Columns(**self.columns))


@functools.cache
def _own_splits(source: OwnData, kind: Kind, seed: int, columns: Columns) -> Splits:
    return load_splits(source, kind=kind, seed=seed, columns=columns)
