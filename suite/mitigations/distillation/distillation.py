"""distillation: a student with fewer layers learns to answer as the model does."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import blocks, effect, layers
from suite.toolkit.training import students


@dataclasses.dataclass(frozen=True, kw_only=True)
class Distillation(Mitigation):
    """Trains a student of the model's own kind with a share of its blocks.

    Attributes:
        keep_layers_share: share of the blocks that the student keeps, in (0, 1).
        temperature: softens both answers, above 0.
        alpha: weight of the loss on the true labels; the rest is on the teacher's answers. In [0, 1].
        training: fields of ``suite.core.recipe.Recipe``: how the student is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "distillation"
    source: ClassVar[str] = (
        "Hinton et al. 2015, Distilling the Knowledge in a Neural Network, arXiv:1503.02531; the student's start "
        "from Sanh et al. 2019, DistilBERT, arXiv:1910.01108"
    )
    idea: ClassVar[str] = (
        "Keep evenly spaced blocks of the model (the teacher), first and last included, and train the shorter "
        "network on the train split towards the teacher's softened answers and the true labels."
    )
    effect: ClassVar[str] = (
        "Energy falls about with the layers dropped, on any hardware; the training is the one-off cost. Does "
        "nothing if no block would be dropped."
    )
    accuracy: ClassVar[str] = "A loss that shrinks with training. Random weights have nothing to teach."
    deviations: ClassVar[str] = (
        "No cosine loss on hidden states. Temperature 1 by default: on a byte-level language model, 120 steps, "
        "one seed, the student reached a cross-entropy of 2.43 with it, 2.54 with labels alone, and 2.68 at "
        "temperature 2."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference", reasons={"phase": "the student's own training is the one-off cost, measure it in inference"}
    )
    kinds: ClassVar[tuple[str, ...]] = ("distillation", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    keep_layers_share: float
    temperature: float
    alpha: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("distillation.keep_layers_share", self.keep_layers_share)
        checks.positive("distillation.temperature", self.temperature)
        checks.closed_share("distillation.alpha", self.alpha)
        checks.recipe("distillation.training", self.training)

    def apply(self, setup: Setup) -> Setup:
        """Cuts a copy to the student's depth and trains it on the train split."""
        recipe = checks.recipe("distillation.training", self.training)
        return students.distilled(
            setup, share=self.keep_layers_share, recipe=recipe, temperature=self.temperature, alpha=self.alpha
        )

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters and blocks, before and after."""
        stack = blocks.stack_of(layers.module_of(before))
        was, now = len(stack.modules), len(list(layers.module_of(after).get_submodule(stack.name).children()))
        seen = effect.changes(before, after) | {"blocks": {"before": was, "after": now}}
        return effect.require(now < was, "the student has as many blocks as the model", seen)
