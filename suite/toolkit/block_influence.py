"""How much each block of a transformer changes its hidden states, on a task's samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.errors import NotApplicable
from suite.toolkit import blocks, layers


def of_blocks(setup: Setup, samples: Sequence[Example]) -> list[float]:
    """Of each block one minus the mean cosine similarity of its input and its output, over positions of ``samples``.

    Block influence of Men et al. 2024, arXiv:2403.03853. Positions that the attention mask leaves out do not count.

    Raises:
        NotApplicable: a block is not called with one hidden state and answers with one of the same shape.
    """
    stack = blocks.stack_of(layers.module_of(setup))
    sums, counts = [0.0] * len(stack.modules), [0.0] * len(stack.modules)
    batch: Batch = {}

    def note(number: int, given: Any, made: Any) -> None:
        given = given.to(made.device)  # another GPU's, before the first block of the next one
        similarity = functional.cosine_similarity(given.float(), made.float(), dim=-1)
        counted = _counted(batch, similarity)
        sums[number] += float((similarity * counted).sum())
        counts[number] += float(counted.sum())

    handles = [
        block.register_forward_hook(
            lambda _, args, named, output, number=number: note(number, *_states(args, named, output, stack.name)),
            with_kwargs=True,
        )
        for number, block in enumerate(stack.modules)
    ]
    try:
        with setup.active(), torch.no_grad():
            for start in range(0, len(samples), setup.batch_size):
                batch = setup.task.batch(setup, samples[start : start + setup.batch_size])
                setup.task.call(setup.model, batch)
    finally:
        for handle in handles:
            handle.remove()
    if not all(counts):
        raise NotApplicable(f"not every block of {stack.name} is called as a module, so what it does is not seen")
    return [1 - total / count for total, count in zip(sums, counts, strict=True)]


def _states(args: Any, named: Any, output: Any, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    given = args[0] if args else named.get("hidden_states")
    made = output[0] if isinstance(output, tuple | list) else output
    both = isinstance(given, torch.Tensor) and isinstance(made, torch.Tensor)
    if not both or given.shape != made.shape:
        raise NotApplicable(f"the blocks of {name} do not take and give one hidden state: give choose=spaced")
    return given, made


def _counted(batch: Batch, similarity: torch.Tensor) -> torch.Tensor:
    """1 where a position counts, 0 at padding."""
    mask = batch.get("attention_mask")
    if mask is None or mask.shape != similarity.shape:
        return torch.ones_like(similarity)
    return mask.to(similarity)
