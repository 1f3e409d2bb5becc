"""layer_pruning: whole blocks are dropped, those that change the hidden states least or evenly spaced ones."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import block_influence, blocks, effect, layers
from suite.toolkit.training.retraining import retrain

CHOICES = ("influence", "spaced")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerPruning(Mitigation):
    """Drops a ``share`` of the blocks.

    Attributes:
        share: of the blocks, in (0, 1).
        choose: ``influence``: those whose output is most similar to their input; ``spaced``: what is kept is evenly
            spaced, first and last included.
        calibration_samples: training samples that tell the similarity, at least 1.
        recovery: fields of ``suite.core.recipe.Recipe``: how the pruned model is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = (
        "Men et al. 2024, ShortGPT: Layers in Large Language Models are More Redundant Than You Expect, "
        "arXiv:2403.03853; for evenly spaced blocks Fan et al. 2020, LayerDrop, arXiv:1909.11556"
    )
    idea: ClassVar[str] = (
        "A block whose output points where its input points does little. Measure one minus the cosine similarity of "
        "the two over tokens of training samples (block influence), and drop the blocks where it is smallest. A short "
        "training on the train split mends what was cut."
    )
    effect: ClassVar[str] = (
        "Energy, latency and key-value cache fall about with the share of blocks dropped, on any hardware and at any "
        "batch size. The recovery's cost is part of the one-off cost. Does nothing if the share is too small to drop a "
        "block."
    )
    accuracy: ClassVar[str] = (
        "Falls with the share, fast in shallow models; recovery brings part of it back. Deep language models lose "
        "little up to about a quarter."
    )
    deviations: ClassVar[str] = (
        "The influence of all blocks is measured once, on the whole model, as in the source; recovery is an addition. "
        "Positions that the attention mask leaves out do not count. A model with random weights is not mended, for "
        "there is nothing to mend."
    )
    requires: ClassVar[Requires] = Requires(suits="models of one stack of equal blocks")
    kinds: ClassVar[tuple[str, ...]] = ("pruning", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    share: float
    choose: str
    calibration_samples: int
    recovery: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("layer_pruning.share", self.share)
        if self.choose not in CHOICES:
            raise InputError("layer_pruning.choose is unknown", got=self.choose, remedy=f"use {' or '.join(CHOICES)}")
        checks.count("layer_pruning.calibration_samples", self.calibration_samples, least=1)
        checks.recipe("layer_pruning.recovery", self.recovery)

    def apply(self, setup: Setup) -> Setup:
        """Drops blocks of a copy and trains it on the train split."""
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        depth = blocks.depth_of(model)
        kept = max(1, round(depth * (1 - self.share)))
        if kept == depth:
            raise NotApplicable(f"a share of {self.share} drops none of {depth} blocks")
        blocks.keep_blocks(model, self._chosen(setup.replace(model=model), depth, kept))
        pruned = setup.replace(model=model)
        recipe = checks.recipe("layer_pruning.recovery", self.recovery)
        if recipe.steps and not setup.random_weights:
            retrain(pruned, recipe=recipe, loss=setup.task.loss)
        return pruned

    def _chosen(self, setup: Setup, depth: int, kept: int) -> list[int]:
        """The numbers of the blocks that stay, ascending."""
        if self.choose == "spaced":
            return blocks.spaced(depth, kept)
        influence = block_influence.of_blocks(setup, setup.task.train()[: self.calibration_samples])
        by_influence = sorted(range(depth), key=lambda number: influence[number], reverse=True)
        return sorted(by_influence[:kept])

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters and blocks, before and after."""
        stack = blocks.stack_of(layers.module_of(before))
        was, now = len(stack.modules), len(list(layers.module_of(after).get_submodule(stack.name).children()))
        seen = effect.changes(before, after) | {
            "blocks": {"before": was, "after": now},
            "recovery_steps": 0 if after.random_weights else self.recovery["steps"],
        }
        return effect.require(now < was, "the model has as many blocks as before", seen)
