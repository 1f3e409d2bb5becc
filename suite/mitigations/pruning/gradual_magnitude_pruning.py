"""gradual_magnitude_pruning: more and more of the smallest weights become zero while the model is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, sparsity
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradualMagnitudePruning(Mitigation):
    """Trains the model on the train split while the share of zeros rises to ``sparsity``.

    Attributes:
        sparsity: share of zeros at the end, in (0, 1).
        ramp_share: share of the training steps in which the zeros become more, in (0, 1); then they stay.
        every: steps from one choice of zeros to the next, at least 1.
        training: fields of ``suite.core.recipe.Recipe``: how it is trained, at least one step.
    """

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = "Zhu and Gupta 2017, To Prune, or Not to Prune, arXiv:1710.01878"
    idea: ClassVar[str] = (
        "Prune while the network trains, fast at first and ever slower: after step t of n the share of zeros is s (1 - "
        "(1 - t/n)^3). What is left adapts to what was taken, and a weight once zero stays zero."
    )
    effect: ClassVar[str] = (
        "None is expected on a query's energy. Zeros are stored and multiplied like any number; only sparse kernels or "
        "sparse hardware would gain, and dense ones are what runs here. The training is the one-off cost. Changes "
        "nothing on a model that has the sparsity already."
    )
    accuracy: ClassVar[str] = "A smaller loss than pruning at once, at the same sparsity; at high ones it counts most."
    deviations: ClassVar[str] = (
        "Weights are ranked over the whole model, as in magnitude_pruning, not layer by layer; the output head is left "
        "whole; a hundred steps by default, where the source takes tens of thousands. Gradients of zeros are not "
        "masked, the zeros are written again after every step."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        trained=True,
        reasons={
            "phase": "training would fill the zeros again",
            "trained": "training random weights a little means nothing",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("pruning", "zeros")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "graph")
    after: ClassVar[tuple[str, ...]] = ("training",)
    conflicts: ClassVar[tuple[str, ...]] = ("zeros",)

    sparsity: float
    ramp_share: float
    every: int
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("gradual_magnitude_pruning.sparsity", self.sparsity)
        checks.open_share("gradual_magnitude_pruning.ramp_share", self.ramp_share)
        checks.count("gradual_magnitude_pruning.every", self.every, least=1)
        name = "gradual_magnitude_pruning.training"
        if checks.recipe(name, self.training).steps == 0:
            raise InputError(f"{name}.steps must be at least 1", got=0, remedy="give 1 or more, or magnitude_pruning")

    def apply(self, setup: Setup) -> Setup:
        """Trains a copy on the train split and sets weights to zero between its steps."""
        if setup.random_weights:
            raise NotApplicable("the model has random weights, and training them a little means nothing")
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        chosen = sparsity.prunable(model, self.sparsity)
        recipe = checks.recipe("gradual_magnitude_pruning.training", self.training)
        pruned = setup.replace(model=model)
        retrain(pruned, recipe=recipe, loss=setup.task.loss, progress=_Pruner(self, chosen, recipe))
        return pruned

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of zeros in the weights of Linear layers and convolutions, and the steps of training."""
        seen = effect.changes(before, after) | {"training_steps": self.training["steps"]}
        changed = (seen["after"]["sparsity"] or 0) > (seen["before"]["sparsity"] or 0)
        return effect.require(changed, "no weight became zero", seen)


class _Pruner:
    """Called after each training step: chooses the zeros anew where it is time, and writes them in any case."""

    def __init__(self, technique: GradualMagnitudePruning, chosen: Sequence[Any], recipe: Recipe) -> None:
        self._layers = chosen
        self._final, self._every = technique.sparsity, technique.every
        self._ramp = max(1, round(recipe.steps * technique.ramp_share))
        self._initial = sparsity.share_of_zeros(chosen)
        self._zeros: list[torch.Tensor] = []
        self._choose(0)

    def __call__(self, step: int, loss: float) -> None:
        with torch.no_grad():
            for layer, zeros in zip(self._layers, self._zeros, strict=True):
                layer.weight.masked_fill_(zeros, 0)
        if step == self._ramp or (step < self._ramp and step % self._every == 0):
            self._choose(step)

    def _choose(self, step: int) -> None:
        sparsity.zero_smallest(self._layers, sparsity_after(step, self._ramp, self._initial, self._final))
        self._zeros = [(layer.weight == 0).detach() for layer in self._layers]


def sparsity_after(step: int, ramp: int, initial: float, final: float) -> float:
    """The share of zeros after ``step`` of ``ramp`` steps: a cubic from ``initial`` to ``final``, then flat."""
    left: float = 1 - min(step, ramp) / ramp
    return final + (initial - final) * left**3
