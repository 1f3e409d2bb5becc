"""retrain_only: a control: the model is trained as a technique would train it, and nothing else is done to it."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class RetrainOnly(Mitigation):
    """Trains a copy of the model on the train split.

    Attributes:
        training: fields of ``suite.core.recipe.Recipe``: how it is trained, at least one step. A technique is set
            against this control where its own recipe is the same.
    """

    intervention: ClassVar[str] = ""
    source: ClassVar[str] = (
        "Blalock et al. 2020, What is the State of Neural Network Pruning?, arXiv:2003.03033: what fine-tuning alone "
        "gives has to be told from what a technique gives"
    )
    idea: ClassVar[str] = (
        "A technique that ends with training may gain from the training. So the untouched model is trained in the same "
        "way, and what it gains is no merit of the technique."
    )
    effect: ClassVar[str] = "None on a query's energy: the network is the same. The training is the one-off cost."
    accuracy: ClassVar[str] = "What further training gives or takes; nothing where the model had converged."
    deviations: ClassVar[str] = "None: the recipe is that of the technique it is the control of."
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        trained=True,
        reasons={
            "phase": "its training is the one-off cost, measure it in inference",
            "trained": "their score means nothing",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("training",)
    before: ClassVar[tuple[str, ...]] = ("quantisation", "graph")

    training: dict[str, Any]

    def __post_init__(self) -> None:
        if checks.recipe("retrain_only.training", self.training).steps == 0:
            raise InputError("retrain_only.training.steps must be at least 1", got=0, remedy="give 1 or more")

    def apply(self, setup: Setup) -> Setup:
        """Trains a copy on the train split."""
        if setup.random_weights:
            raise NotApplicable("the model has random weights, whose score means nothing")
        layers.require_float(setup)
        trained = setup.replace(model=layers.editable_copy(setup))
        retrain(trained, recipe=checks.recipe("retrain_only.training", self.training), loss=setup.task.loss)
        return trained

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of the parameters whose value is another than before."""
        was, now = dict(layers.module_of(before).named_parameters()), dict(layers.module_of(after).named_parameters())
        pairs = [(was[name], now[name]) for name in was.keys() & now.keys()]
        changed = sum(int((old.to(new.device) != new).sum()) for old, new in pairs)
        seen = effect.changes(before, after) | {"changed_share": changed / max(1, sum(old.numel() for old, _ in pairs))}
        return effect.require(changed > 0, "no parameter has another value than before", seen)
