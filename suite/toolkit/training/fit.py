"""The one training loop: reference models, distillation and recovery after pruning all use it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Batch, Example

Loss = Callable[[Any, Batch], torch.Tensor]
BatchOf = Callable[[Setup, Sequence[Example]], Batch]


def fit(
    model: torch.nn.Module,
    setup: Setup,
    examples: Sequence[Example],
    *,
    recipe: Recipe,
    loss: Loss,
    seed: int,
    progress: Callable[[int, float], None] | None = None,
    batch_of: BatchOf | None = None,
) -> None:
    """Trains ``model`` in place on ``examples``; leaves it in eval mode.

    Args:
        model: on the setup's device.
        setup: whose task makes the batches; its own model is not touched.
        examples: the pool; drawn in shuffled epochs by ``seed``.
        recipe: how.
        loss: model and training batch to a scalar.
        seed: order of the samples.
        progress: called after each step with its number (from 1) and its loss.
        batch_of: makes the batches of examples that are none of the task's own.
    """
    made = setup.task.training_batch if batch_of is None else batch_of
    decayed = [weight for weight in model.parameters() if weight.requires_grad and weight.dim() >= 2]
    plain = [weight for weight in model.parameters() if weight.requires_grad and weight.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, recipe))
    model.train()
    for step, chosen in zip(range(1, recipe.steps + 1), shuffled(examples, recipe.batch_size, seed), strict=False):
        value = loss(model, made(setup, chosen))
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimizer.step()
        schedule.step()
        if progress is not None:
            progress(step, float(value.detach()))
    model.eval()


def rate_at(step: int, recipe: Recipe) -> float:
    """The share of the peak rate at ``step`` (from 0)."""
    warmup = max(1, round(recipe.steps * recipe.warmup_share))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, recipe.steps - warmup)))


def shuffled(examples: Sequence[Example], batch_size: int, seed: int) -> Iterator[list[Example]]:
    """Batches without end: every epoch a new order, a last partial batch is carried into the next epoch."""
    generator = torch.Generator().manual_seed(seed)
    pending: list[Example] = []
    while True:
        for index in torch.randperm(len(examples), generator=generator).tolist():
            pending.append(examples[index])
            if len(pending) == batch_size:
                yield pending
                pending = []
