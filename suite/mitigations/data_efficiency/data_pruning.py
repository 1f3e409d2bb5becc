"""data_pruning: training on the most useful share of the samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch, Example, with_split
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import confidence, effect, layers
from suite.toolkit.training.retraining import retrain

METHODS = ("random", "el2n", "near_duplicates")
SCORED_BATCH = 64
"""Samples a batch while they are scored, whatever the setup's batch size."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataPruning(Mitigation):
    """Leaves samples out of the train split.

    Attributes:
        method: ``el2n``, ``near_duplicates`` or ``random``, the control.
        keep_share: of the samples, in (0, 1).
        training: fields of ``suite.core.recipe.Recipe``: of the model that scores samples for ``el2n``; 0 steps: it is
            scored untrained.
    """

    intervention: ClassVar[str] = "data_efficiency"
    source: ClassVar[str] = (
        "Paul et al. 2021, Deep Learning on a Data Diet, arXiv:2107.07075 (el2n); Abbas et al. 2023, SemDeDup, "
        "arXiv:2303.09540 (near_duplicates); Sorscher et al. 2022, Beyond Neural Scaling Laws, arXiv:2206.14486 "
        "(random as the control)"
    )
    idea: ClassVar[str] = (
        "Many samples teach what others have taught. Score them cheaply, keep those that a model trained for a moment "
        "still gets wrong, or that no other resembles, and train on them alone."
    )
    effect: ClassVar[str] = (
        "A step costs what it did. Energy falls where fewer steps reach the score, and rises where the samples left "
        "out are missed; scoring them is the one-off cost. On small data, hard samples alone can teach less than "
        "random ones."
    )
    accuracy: ClassVar[str] = "Falls with the share left out, more slowly than with samples left out at random."
    deviations: ClassVar[str] = (
        "el2n scores with one short training, not with the mean over ten. near_duplicates compares all samples, not "
        "within clusters, by the mean of the model's last hidden states, and leaves out those most like an earlier one "
        "until the share is reached. Whether a training is over is judged by its score, not by epochs."
    )
    requires: ClassVar[Requires] = Requires(
        phase="training",
        suits="for el2n, tasks of one label a sample; for near_duplicates, models with hidden states",
        trained=True,
        reasons={
            "phase": "add workload=train_to_score",
            "trained": "there is no score to train random weights to",
        },
    )

    method: str
    keep_share: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError("data_pruning.method is unknown", got=self.method, remedy=f"use {', '.join(METHODS)}")
        checks.open_share("data_pruning.keep_share", self.keep_share)
        checks.recipe("data_pruning.training", self.training)

    def apply(self, setup: Setup) -> Setup:
        """The same model with fewer samples to train on, in their old order."""
        layers.module_of(setup)
        if not setup.training.is_whole:
            raise NotApplicable("steps cost the same on any samples: add workload=train_to_score")
        examples = list(setup.task.train())
        kept = round(len(examples) * self.keep_share)
        if kept == len(examples) or kept < setup.batch_size:
            have = f"a share of {self.keep_share} keeps {kept} of {len(examples)} samples"
            raise NotApplicable(f"{have}, which is all of them or less than a batch of {setup.batch_size}")
        order = torch.sort(self._usefulness(setup, examples), descending=True, stable=True).indices
        chosen = sorted(order[:kept].tolist())
        return setup.replace(task=with_split(setup.task, "train", [examples[index] for index in chosen]))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Samples of the train split, before and after."""
        samples = {"before": len(before.task.train()), "after": len(after.task.train())}
        seen = effect.changes(before, after) | {"train_samples": samples}
        return effect.require(samples["after"] < samples["before"], "there are as many samples as before", seen)

    def _usefulness(self, setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
        """A number for each sample, (samples,); those with the largest are kept."""
        if self.method == "random":
            return torch.rand(len(examples), generator=torch.Generator().manual_seed(setup.seed))
        if self.method == "near_duplicates":
            return -likeness_to_earlier(embeddings(setup, examples))
        if setup.task.generates or not setup.task.auto_class.endswith(confidence.ONE_LABEL):
            raise NotApplicable("el2n needs one label a sample: add mitigation.data_pruning.method=near_duplicates")
        judge = setup.replace(model=layers.editable_copy(setup))
        recipe = checks.recipe("data_pruning.training", self.training)
        if recipe.steps:
            retrain(judge, recipe=recipe, loss=setup.task.loss)
        return el2n(judge, examples)


def el2n(setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
    """The length of the error vector of each sample, (samples,): probabilities minus the label's one, in [0, √2]."""
    found = []
    for batch in _answered(setup, examples):
        logits, targets = setup.task.logits(setup.model, batch)
        wanted = functional.one_hot(targets, logits.shape[-1])
        found.append((logits.softmax(dim=-1) - wanted).norm(dim=-1).cpu())
    return torch.cat(found)


def embeddings(setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
    """The mean of the last hidden states of each sample, padding left out: (samples, width) of length 1.

    Raises:
        NotApplicable: the model does not give them.
    """
    found = []
    for batch in _answered(setup, examples):
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        states = getattr(setup.model(**inputs, output_hidden_states=True), "hidden_states", None)
        if not states:
            raise NotApplicable(f"{type(setup.model).__name__} has no hidden states to compare samples by")
        found.append(functional.normalize(_pooled(states[-1].float(), inputs.get("attention_mask")), dim=-1).cpu())
    return torch.cat(found)


def _pooled(states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """The mean over tokens (samples, tokens, width), or over the places of an image (samples, width, high, wide)."""
    if states.dim() == 4:
        return states.flatten(2).mean(dim=-1)
    if mask is None:
        return states.mean(dim=1)
    weight = mask[:, :, None].to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)


def likeness_to_earlier(vectors: torch.Tensor) -> torch.Tensor:
    """The largest cosine between each vector and one before it, (samples,); -1 for the first.

    Args:
        vectors: (samples, width) of length 1.
    """
    found = torch.full((len(vectors),), -1.0)
    for start in range(0, len(vectors), 1024):  # so that a hundred thousand samples need no square of that
        rows = vectors[start : start + 1024]
        cosines = (rows @ vectors[: start + len(rows)].T).tril(diagonal=start - 1)
        earlier = torch.ones_like(cosines, dtype=torch.bool).tril(diagonal=start - 1)
        found[start : start + len(rows)] = cosines.masked_fill(~earlier, -1.0).amax(dim=1)
    return found


def _answered(setup: Setup, examples: Sequence[Example]) -> Iterator[Batch]:
    """Training batches of ``examples``, while the model is in eval mode and makes no gradients."""
    model: nn.Module = layers.module_of(setup)
    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad(), setup.active(), torch.no_grad():
            for number in range(math.ceil(len(examples) / SCORED_BATCH)):
                yield setup.task.training_batch(setup, examples[number * SCORED_BATCH : (number + 1) * SCORED_BATCH])
    finally:
        for part, mode in modes.items():
            part.training = mode
