"""efficient_architecture: a cheaper network in the model's place, trained on the same data."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.checkpoints.model_spec import ModelSpec
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit.training import students
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class EfficientArchitecture(Mitigation):
    """Trains a smaller model of another architecture on the train split; the model itself teaches it nothing.

    Attributes:
        architecture: the smaller model; None is refused as a requirement that is not met.
        training: fields of ``suite.core.recipe.Recipe``: how it is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "efficient_architectures"
    source: ClassVar[str] = (
        "Patterson et al. 2021, Carbon Emissions and Large Neural Network Training, arXiv:2104.10350: the choice of "
        "the architecture as the first lever; He et al. 2015, ResNet, arXiv:1512.03385; Turc et al. 2019, BERT-Tiny, "
        "arXiv:1908.08962"
    )
    idea: ClassVar[str] = (
        "Answer the same queries with a network that computes less: convolutions for a vision transformer, a narrow "
        "encoder for a deep one. It learns from the labels alone, so that what a teacher adds shows against "
        "distillation into the same student."
    )
    effect: ClassVar[str] = (
        "Energy falls to what that architecture costs, on any hardware; not always with its parameters, since many "
        "small operations cost a GPU more than few large ones. The training is the one-off cost. Refused where it has "
        "no fewer parameters than the model."
    )
    accuracy: ClassVar[str] = (
        "What the architecture reaches with this much data and training from random weights; below a pre-trained "
        "model's where data are few."
    )
    deviations: ClassVar[str] = "One training of fixed length, no search among architectures."
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        parameters=("architecture",),
        reasons={
            "phase": "its training is the one-off cost, measure it in inference",
            "parameters": "no smaller model of conf/model was named",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("efficient_architectures", "training")
    before: ClassVar[tuple[str, ...]] = ("pruning", "quantisation", "distillation", "adaptive_computation", "graph")
    stack_reason: ClassVar[str] = "it puts another model in the place of what was done to the first"

    architecture: ModelSpec | None
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.recipe("efficient_architecture.training", self.training)

    def apply(self, setup: Setup) -> Setup:
        """Makes the model and trains it; in the place of random weights it stays random, for its energy alone."""
        if self.architecture is None:
            raise NotApplicable("no smaller model of conf/model was named")
        made = students.in_place_of(setup, self.architecture)
        recipe = checks.recipe("efficient_architecture.training", self.training)
        if recipe.steps and not setup.random_weights:
            retrain(made, recipe=recipe, loss=setup.task.loss)
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Architectures and parameters, before and after."""
        return students.replaced(before, after)
