"""What scoring has in common over tasks: which items, in which batches, with the model in which state."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator, Sequence

import torch

from suite.core.setup import Setup
from suite.core.task import Example
from suite.errors import ImpossibleOutput

LARGEST_BATCH = 256
"""Samples a batch while scoring, whatever the setup's batch size: scoring must not need more memory."""


def sample(examples: Sequence[Example], count: int | None, seed: int) -> list[Example]:
    """``count`` of ``examples`` drawn by ``seed`` without replacement, in their old order; all where None."""
    if count is None or count >= len(examples):
        return list(examples)
    chosen = random.Random(seed).sample(range(len(examples)), count)
    return [examples[index] for index in sorted(chosen)]


def shuffled_copy(examples: Sequence[Example], seed: int) -> list[Example]:
    """All of ``examples`` in an order drawn by ``seed``."""
    copy = list(examples)
    random.Random(seed).shuffle(copy)
    return copy


def generator_for(seed: int, content: bytes) -> torch.Generator:
    """Draws the same for the same ``seed`` and item, whatever its place: inputs for models without a processor."""
    drawn = hashlib.sha256(f"{seed} ".encode() + content).digest()[:4]
    return torch.Generator().manual_seed(int.from_bytes(drawn, "big"))


def source_numbers(examples: Sequence[Example]) -> list[int] | None:
    """A number for the ``source`` of each example, equal where sources are; None where any has none."""
    numbers: dict[object, int] = {}
    if any("source" not in example for example in examples):
        return None
    return [numbers.setdefault(example["source"], len(numbers)) for example in examples]


def batches(examples: Sequence[Example], size: int) -> Iterator[Sequence[Example]]:
    """Consecutive pieces of at most ``size`` examples."""
    for start in range(0, len(examples), size):
        yield examples[start : start + size]


def scored_batch_size(setup: Setup) -> int:
    """Samples a batch while scoring: the setup's own, unless that is very small or large."""
    return min(max(setup.batch_size, 32), LARGEST_BATCH)


def scored_batches(setup: Setup, examples: Sequence[Example]) -> Iterator[Sequence[Example]]:
    """``examples`` in batches to score."""
    return batches(examples, scored_batch_size(setup))


@contextlib.contextmanager
def scoring(setup: Setup) -> Iterator[None]:
    """The setup's contexts, no gradients, and a module in eval mode; its mode is put back afterwards.

    Nothing is left of earlier queries.
    """
    setup.forget()
    module = setup.model if isinstance(setup.model, torch.nn.Module) else None
    was_training = module is not None and module.training
    if module is not None and was_training:
        module.eval()
    try:
        with setup.active(), torch.no_grad():
            yield
    finally:
        if module is not None and was_training:
            module.train()


def finite(logits: torch.Tensor) -> torch.Tensor:
    """``logits`` in float32.

    Raises:
        ImpossibleOutput: one of them is not finite.
    """
    logits = logits.float()
    if not bool(torch.isfinite(logits).all()):
        raise ImpossibleOutput("the model's logits are not finite (overflow of the number format?)")
    return logits
