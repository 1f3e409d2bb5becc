"""Training as part of a technique: recovery after pruning, the student of a distillation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Example
from suite.toolkit import layers
from suite.toolkit.training.fit import BatchOf, Loss, fit


@contextlib.contextmanager
def own_randomness(setup: Setup) -> Iterator[None]:
    """Random numbers (dropout) from the setup's seed inside; the global state is restored."""
    with torch.random.fork_rng(devices=setup.boards if setup.device == "cuda" else []):
        torch.manual_seed(setup.seed)
        yield


def retrain(
    setup: Setup,
    *,
    recipe: Recipe,
    loss: Loss,
    progress: Callable[[int, float], None] | None = None,
    examples: Sequence[Example] | None = None,
    batch_of: BatchOf | None = None,
) -> None:
    """Trains the setup's model in place on the task's train split, in float32, and casts it back to its dtype.

    float32, because 16-bit weights lose updates smaller than their own rounding. The global random state
    (dropout) is seeded by the setup and restored.

    Args:
        setup: its model is the caller's own copy.
        recipe: of at least one step.
        loss: model and training batch to a scalar.
        progress: called after each step with its number (from 1) and its loss; may change the weights.
        examples: to train on in place of the train split, e.g. a part of it.
        batch_of: makes batches of them; the task itself where it is None.
    """
    model = layers.module_of(setup)
    layers.convert_float(model, torch.float32)
    with own_randomness(setup):
        full = setup.replace(dtype="float32", contexts=())
        pool = setup.task.train() if examples is None else examples
        fit(model, full, pool, recipe=recipe, loss=loss, seed=setup.seed, progress=progress, batch_of=batch_of)
    layers.convert_float(model, setup.torch_dtype)
