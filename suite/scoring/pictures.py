"""Tasks on pictures that have more than one label of a fixed set: how a model is shown them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from suite.core.setup import Setup
from suite.core.task import Example
from suite.scoring import items
from suite.scoring.split_task import SplitTask


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pictures(SplitTask):
    """Examples hold an ``image`` and, as ``label``, what there is to be said of it."""

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
