"""Smaller models beside the one that is measured: students of its own blocks, and ready ones that must fit it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Batch, Task
from suite.errors import NotApplicable
from suite.toolkit import blocks, effect, layers
from suite.toolkit.training.retraining import retrain


def shorten(model: nn.Module, share: float) -> None:
    """Keeps ``share`` of the blocks, in (0, 1), evenly spaced, in place.

    Raises:
        NotApplicable: that is all of them, or the model has no stack of equal blocks.
    """
    depth = blocks.depth_of(model)
    kept = max(1, round(depth * share))
    if kept == depth:
        raise NotApplicable(f"a share of {share} keeps all {depth} blocks")
    blocks.keep_blocks(model, blocks.spaced(depth, kept))


def distilled(setup: Setup, *, share: float, recipe: Recipe, temperature: float, alpha: float) -> Setup:
    """``setup`` with a student in the model's place: some of its blocks, trained on the train split to answer alike.

    Args:
        setup: its model is the teacher, and is left as it is.
        share: of the blocks that are kept, in (0, 1).
        recipe: of the training; 0 steps: none.
        temperature: see ``distillation_loss``.
        alpha: see ``distillation_loss``.

    Raises:
        NotApplicable: there is nothing to teach, or nothing smaller to make.
    """
    if setup.random_weights:
        raise NotApplicable("the model has random weights and nothing to teach")
    layers.require_float(setup)
    student = layers.editable_copy(setup)
    shorten(student, share)
    made = setup.replace(model=student)
    if recipe.steps:
        teacher = copy.deepcopy(layers.module_of(setup)).to(setup.device).float().eval()
        retrain(made, recipe=recipe, loss=distillation_loss(setup.task, teacher, temperature, alpha))
    return made


def distillation_loss(
    task: Task, teacher: torch.nn.Module, temperature: float, alpha: float
) -> Callable[[Any, Batch], torch.Tensor]:
    """``alpha * CE(student, labels) + (1 - alpha) * T^2 * KL(teacher || student)``, both softened by ``T``.

    The factor ``T^2`` keeps the gradients' size, as Hinton et al. propose.
    """

    def loss(student: Any, batch: Batch) -> torch.Tensor:
        logits, targets = task.logits(student, batch)
        with torch.no_grad():
            wanted, _ = task.logits(teacher, batch)
        soft = functional.kl_div(
            functional.log_softmax(logits / temperature, dim=-1),
            functional.log_softmax(wanted / temperature, dim=-1),
            reduction="batchmean",
            log_target=True,
        )
        return alpha * functional.cross_entropy(logits, targets) + (1 - alpha) * temperature**2 * soft

    return loss


def require_smaller(small: nn.Module, large: nn.Module) -> None:
    """Passes where ``small`` has fewer parameters.

    Raises:
        NotApplicable: it has not: it may be the same model.
    """
    counts = [sum(map(effect.logical_count, model.parameters())) for model in (small, large)]
    if counts[0] >= counts[1]:
        raise NotApplicable(f"the small model has {counts[0]} parameters, the model itself {counts[1]}: none to save")


def same_inputs(first: Any, second: Any) -> bool:
    """Whether two processors make the same inputs of the same data: equal vocabularies, or equal settings."""
    if first is None or second is None:
        return first is second
    if hasattr(first, "get_vocab") and hasattr(second, "get_vocab"):
        return bool(first.get_vocab() == second.get_vocab())
    if hasattr(first, "to_dict") and hasattr(second, "to_dict"):
        return bool(first.to_dict() == second.to_dict())
    return False
