"""structured_pruning: whole channels of every MLP are cut away, so the network really gets smaller."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, mlps
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class StructuredPruning(Mitigation):
    """Drops a ``share`` of the channels of every MLP.

    Attributes:
        share: of the channels, in (0, 1).
        multiple_of: the number of channels kept is a multiple of it (matrix units like 8), at least 1.
        recovery: fields of ``suite.core.recipe.Recipe``: how the pruned model is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = (
        "Li et al. 2017, Pruning Filters for Efficient ConvNets, arXiv:1608.08710; for transformers' MLPs Ma et al. "
        "2023, LLM-Pruner, arXiv:2305.11627"
    )
    idea: ClassVar[str] = (
        "Rank the channels between the two (or three) layers of an MLP by the norms of their weights, drop the weakest "
        "share, and keep smaller dense layers. A short training on the train split mends what was cut."
    )
    effect: ClassVar[str] = (
        "Energy falls about with the share of the arithmetic that was cut, on any hardware. The recovery's cost is "
        "part of the one-off cost. Does nothing if the share is too small to drop one step of channels."
    )
    accuracy: ClassVar[str] = "Falls with the share, and recovery brings part of it back."
    deviations: ClassVar[str] = (
        "Norms instead of gradients rank the channels; every block loses the same number, so that the result is an "
        "ordinary Hugging Face model with a smaller intermediate_size; attention heads stay. A model with random "
        "weights is not mended, for there is nothing to mend."
    )
    requires: ClassVar[Requires] = Requires(suits="transformers whose blocks have one MLP each, all of one size")
    kinds: ClassVar[tuple[str, ...]] = ("pruning", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    share: float
    multiple_of: int
    recovery: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("structured_pruning.share", self.share)
        checks.count("structured_pruning.multiple_of", self.multiple_of, least=1)
        checks.recipe("structured_pruning.recovery", self.recovery)

    def apply(self, setup: Setup) -> Setup:
        """Cuts a copy and trains it on the train split."""
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        parts = mlps.mlps_of(model)
        size = parts[0].size
        steps_kept = max(1, round(size * (1 - self.share) / self.multiple_of))
        kept = steps_kept * self.multiple_of
        if kept >= size:
            raise NotApplicable(f"a share of {self.share} drops none of {size} channels in steps of {self.multiple_of}")
        for part in parts:
            part.keep(torch.topk(part.importance(), kept).indices.sort().values)
        mlps.set_mlp_size(model, kept)
        pruned = setup.replace(model=model)
        recipe = checks.recipe("structured_pruning.recovery", self.recovery)
        if recipe.steps and not setup.random_weights:
            retrain(pruned, recipe=recipe, loss=setup.task.loss)
        return pruned

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters and MLP channels, before and after."""
        seen = effect.changes(before, after) | {
            "mlp_channels": {"before": _channels(before), "after": _channels(after)},
            "recovery_steps": 0 if after.random_weights else self.recovery["steps"],
        }
        changed = seen["after"]["parameters"] < seen["before"]["parameters"]
        return effect.require(changed, "the model has as many parameters as before", seen)


def _channels(setup: Setup) -> int:
    return mlps.mlp_size(layers.module_of(setup))[1]
