"""quantisation_aware_training: the model is trained while it rounds to 8 bits, and then quantised so, by torchao."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import dynamic_int8, effect
from suite.toolkit.fake_quantisation import fake_quantised
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuantisationAwareTraining(Mitigation):
    """Trains a copy whose Linear layers round as int8_dynamic's do, and quantises it as int8_dynamic does.

    Attributes:
        training: fields of ``suite.core.recipe.Recipe``: how it is trained, at least one step.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only "
        "Inference, arXiv:1712.05877; the gradient from Bengio et al. 2013, arXiv:1308.3432; the integers from "
        "torchao, https://github.com/pytorch/ao"
    )
    idea: ClassVar[str] = (
        "Train with weights and activations rounded in every forward pass, the gradient passing the rounding as if it "
        "were not there, so that the weights settle where rounding costs little; then quantise for good."
    )
    effect: ClassVar[str] = (
        "That of int8_dynamic on a query: less energy at large batches, more at small ones in eager mode, about a "
        "quarter of float32's memory. The training is the one-off cost. Does nothing on layers that are quantised "
        "already."
    )
    accuracy: ClassVar[str] = (
        "At least that of int8_dynamic where rounding costs something; what further training gives or takes comes on "
        "top (compare retrain_only with the same recipe)."
    )
    deviations: ClassVar[str] = (
        "Activations are scaled by token at run time, so no ranges are learned, and normalisations are not folded; the "
        "output head stays in floating point. A short recipe on a trained model, not training from the start."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        compute_capability=(8, 0),
        phase="inference",
        trained=True,
        reasons={
            "compute_capability": "torchao's int8 products",
            "phase": "its training is the one-off cost, measure it in inference",
            "trained": "training random weights a little means nothing",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    training: dict[str, Any]

    def __post_init__(self) -> None:
        name = "quantisation_aware_training.training"
        if checks.recipe(name, self.training).steps == 0:
            raise InputError(f"{name}.steps must be at least 1", got=0, remedy="give 1 or more, or int8_dynamic")

    def apply(self, setup: Setup) -> Setup:
        """Trains a rounding copy on the train split and quantises it."""
        if setup.random_weights:
            raise NotApplicable("the model has random weights, and training them a little means nothing")
        model, chosen = dynamic_int8.copy_to_quantise(setup)
        trained = setup.replace(model=model)
        recipe = checks.recipe("quantisation_aware_training.training", self.training)
        with fake_quantised(model, chosen):
            retrain(trained, recipe=recipe, loss=setup.task.loss)
        dynamic_int8.quantise(model, chosen)
        return trained

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, the bytes that it saves, and the steps of training."""
        return effect.require_quantised(before, after) | {"training_steps": self.training["steps"]}
