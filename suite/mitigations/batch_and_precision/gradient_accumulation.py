"""gradient_accumulation: a step's batch goes through the model in pieces, whose gradients are added."""

from __future__ import annotations

import copy
import dataclasses
import functools
from typing import Any, ClassVar

import torch

from suite.core import checks, device_map
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch, Task, cycle
from suite.core.training import whole_batch
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers
from suite.toolkit.training.retraining import own_randomness

IGNORED = -100
"""Labels of padding, which no loss counts."""
PIECES = 4
"""Of a batch, where no size is given."""
ROUNDING = {"float32": 1e-3}
COARSE_ROUNDING = 5e-2
"""Relative difference of gradients that is rounding, in float32 and in fewer bits."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradientAccumulation(Mitigation):
    """Takes the gradients of a batch from one piece after another.

    Attributes:
        micro_batch: samples of a piece, at least 1; None for a quarter of the batch.
    """

    intervention: ClassVar[str] = "batch_and_precision"
    source: ClassVar[str] = (
        "Ott et al. 2018, Scaling Neural Machine Translation, arXiv:1806.00187 (section 3.2, accumulated gradients)"
    )
    idea: ClassVar[str] = (
        "The gradient of a batch is the mean of its samples' gradients, so a batch that does not fit can be taken in "
        "pieces: only one piece's activations are kept at a time, and the optimiser steps once for all."
    )
    effect: ClassVar[str] = (
        "Memory falls, energy does not: the arithmetic is the same, and pieces that are too small to fill the device "
        "cost more. A saving can only come from the larger batch or model that then fits."
    )
    accuracy: ClassVar[str] = "Unchanged but for rounding: the gradients are those of the whole batch."
    deviations: ClassVar[str] = (
        "Pieces are weighted by the labels that their loss counts, so that uneven ones are right too. Dropout draws "
        "other masks than for the whole batch, and layers that look over the batch (batch normalisation) see a piece."
    )
    requires: ClassVar[Requires] = Requires(
        phase="training",
        suits="losses that are the mean over labels, or over next tokens of a decoder alone",
        reasons={"phase": "add workload=training_steps"},
    )

    micro_batch: int | None

    def __post_init__(self) -> None:
        if self.micro_batch is not None:
            checks.count("gradient_accumulation.micro_batch", self.micro_batch, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model, whose gradients are taken piece by piece."""
        layers.module_of(setup)
        if setup.training.backward is not whole_batch:
            raise NotApplicable("gradients are taken in another way than from a whole batch already")
        rows = max(1, setup.batch_size // PIECES) if self.micro_batch is None else self.micro_batch
        if rows >= setup.batch_size:
            raise NotApplicable(f"a batch of {setup.batch_size} is one piece of {rows}: lower micro_batch")
        if "labels" not in setup.task.training_batch(setup, setup.task.samples(1)):
            raise NotApplicable(f"the loss of the task {setup.task.name} is no mean over labels")
        backward = functools.partial(in_pieces, rows=rows)
        return setup.replace(training=dataclasses.replace(setup.training, backward=backward))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Samples in the model at once, and how far the gradients of a training batch are from those of the whole.

        Raises:
            NotApplicable: further than rounding: the task's loss is no mean over its labels.
        """
        (whole, rows_before), (added, rows_after) = gradients(before), gradients(after)
        difference = float((whole - added).norm() / whole.norm().clamp_min(torch.finfo(whole.dtype).tiny))
        figures = {
            "samples_at_once": {"before": max(rows_before), "after": max(rows_after)},
            "passes_per_step": {"before": len(rows_before), "after": len(rows_after)},
            "gradient_difference": difference,
        }
        seen = effect.require(
            max(rows_after) < max(rows_before),
            "a training step has as many samples in the model at once as before",
            effect.changes(before, after) | figures,
        )
        if not difference <= ROUNDING.get(before.dtype, COARSE_ROUNDING):
            raise NotApplicable(f"the gradients of pieces differ from the whole batch's by {difference:.2g} of them")
        return seen


def in_pieces(task: Task, model: Any, batch: Batch, *, rows: int) -> None:
    """Adds the gradients of the batch's mean loss, from pieces of at most ``rows`` samples."""
    total, size = counted(batch), len(batch["labels"])
    for start in range(0, size, rows):
        piece = {name: tensor[start : start + rows] for name, tensor in batch.items()}
        (task.loss(model, piece) * (counted(piece) / total)).backward()


def counted(batch: Batch) -> torch.Tensor:
    """How many labels the mean of the loss is over: one a sample, or each next token that is no padding."""
    labels = batch["labels"]
    return (labels if labels.dim() == 1 else labels[:, 1:]).ne(IGNORED).sum()


def gradients(setup: Setup) -> tuple[torch.Tensor, list[int]]:
    """The gradients of a training batch without dropout, (parameters,) in float32, and the samples of each pass."""
    model = device_map.move(copy.deepcopy(layers.module_of(setup)), setup.device).eval()
    model.zero_grad(set_to_none=True)
    rows: list[int] = []
    examples = cycle(setup.task.train(), setup.batch_size)
    with (
        own_randomness(setup),
        setup.active(),
        effect.hooks(
            [
                model.register_forward_pre_hook(
                    lambda _, given, named: rows.append(len(next(iter(named.values())))), with_kwargs=True
                )
            ]
        ),
    ):
        setup.training.backward(setup.task, model, setup.task.training_batch(setup, examples))
    found = [weight.grad.float().flatten().to(setup.device) for weight in model.parameters() if weight.grad is not None]
    return torch.cat(found), rows
