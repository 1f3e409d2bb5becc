"""head_pruning: the attention heads that the loss feels least are cut out of every block."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import attention_heads, effect, layers
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeadPruning(Mitigation):
    """Drops a ``share`` of the attention heads of every block.

    Attributes:
        share: of the heads, in (0, 1).
        calibration_samples: training samples that tell the importance of the heads, at least 1.
        recovery: fields of ``suite.core.recipe.Recipe``: how the pruned model is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = "Michel et al. 2019, Are Sixteen Heads Really Better than One?, arXiv:1905.10650"
    idea: ClassVar[str] = (
        "Many heads can be taken away at test time. Put a gate of 1 on each head, take the mean absolute derivative of "
        "the loss by it over training samples, and cut the heads where it is smallest out of the query, key, value and "
        "output projections. A short training on the train split mends what was cut."
    )
    effect: ClassVar[str] = (
        "Energy of the attention falls with the share of heads cut, on any hardware, and the key-value cache with it; "
        "the MLPs, which cost more at short inputs, stay as they are. The recovery's cost is part of the one-off cost. "
        "Does nothing if the share is too small to cut a head."
    )
    accuracy: ClassVar[str] = "Falls with the share, and recovery brings part of it back; small models spare few heads."
    deviations: ClassVar[str] = (
        "Every block loses the same number of heads, and heads that share keys and values go together, so that the "
        "result is an ordinary Hugging Face model that can be saved and loaded again; the source ranks heads over the "
        "whole model, without training afterwards. Refused where the size of a head follows from the width (BERT, "
        "GPT-2), since a saved copy with fewer heads would not load again. A model with random weights is not mended."
    )
    requires: ClassVar[Requires] = Requires(
        suits="models of one stack of equal blocks, whose config alone decides the shapes of their heads"
    )
    kinds: ClassVar[tuple[str, ...]] = ("pruning", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    share: float
    calibration_samples: int
    recovery: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("head_pruning.share", self.share)
        checks.count("head_pruning.calibration_samples", self.calibration_samples, least=1)
        checks.recipe("head_pruning.recovery", self.recovery)

    def apply(self, setup: Setup) -> Setup:
        """Cuts a copy and trains it on the train split."""
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        heads, groups = attention_heads.numbers_of(model)
        kept = max(1, round(groups * (1 - self.share)))
        if kept == groups:
            what = "heads" if groups == heads else "groups of heads that share keys and values"
            raise NotApplicable(f"a share of {self.share} drops none of {groups} {what}")
        attention_heads.require_free_heads(model, kept)
        parts = attention_heads.attentions_of(model)
        pruned = setup.replace(model=model)
        samples = setup.task.train()[: self.calibration_samples]
        for part, weights in zip(parts, attention_heads.importance(pruned, samples), strict=True):
            part.keep(torch.topk(weights, kept).indices.sort().values.to(part.output.weight.device))
        attention_heads.set_heads(model, parts[0], kept)
        effect.require_answer(pruned, "with fewer heads")
        recipe = checks.recipe("head_pruning.recovery", self.recovery)
        if recipe.steps and not setup.random_weights:
            retrain(pruned, recipe=recipe, loss=setup.task.loss)
        return pruned

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters and query heads of a block, before and after."""
        was, now = (attention_heads.numbers_of(layers.module_of(arm))[0] for arm in (before, after))
        seen = effect.changes(before, after) | {
            "heads": {"before": was, "after": now},
            "recovery_steps": 0 if after.random_weights else self.recovery["steps"],
        }
        return effect.require(now < was, "the model has as many heads as before", seen)
