"""magnitude_pruning: the smallest weights become zero, wherever they are."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, sparsity


@dataclasses.dataclass(frozen=True, kw_only=True)
class MagnitudePruning(Mitigation):
    """Sets the ``sparsity`` share of the weights of Linear layers and convolutions that is smallest to zero.

    Attributes:
        sparsity: share of zeros, in (0, 1).
    """

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = (
        "Han et al. 2015, Learning both Weights and Connections, arXiv:1506.02626; torch.nn.utils.prune"
    )
    idea: ClassVar[str] = (
        "Small weights matter least; remove a share of all weights of Linear layers and convolutions, ranked over the "
        "whole model."
    )
    effect: ClassVar[str] = (
        "None is expected. Zeros are stored and multiplied like any number; only sparse kernels or sparse hardware "
        "would gain, and dense ones are what runs here. It is measured to show just that. Changes nothing on a model "
        "that has the sparsity already."
    )
    accuracy: ClassVar[str] = "Nearly unchanged up to about half of the weights, then it falls."
    deviations: ClassVar[str] = (
        "One shot, without retraining (gradual_magnitude_pruning trains); the output head is left whole. The zeros are "
        "written where the weights stand, so that both arms run the same layers (GPT-2's Conv1D among them). "
        "Embeddings, and the experts of a mixture that are stored as one tensor, are no such layers."
    )
    requires: ClassVar[Requires] = Requires(phase="inference", reasons={"phase": "training would fill the zeros again"})
    kinds: ClassVar[tuple[str, ...]] = ("pruning", "zeros")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "graph")
    after: ClassVar[tuple[str, ...]] = ("training",)
    conflicts: ClassVar[tuple[str, ...]] = ("zeros",)

    sparsity: float

    def __post_init__(self) -> None:
        checks.open_share("magnitude_pruning.sparsity", self.sparsity)

    def apply(self, setup: Setup) -> Setup:
        """Sets weights of a copy to zero; their number and their bytes stay."""
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        sparsity.zero_smallest(sparsity.prunable(model, self.sparsity), self.sparsity)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of zeros in the weights of Linear layers and convolutions."""
        seen = effect.changes(before, after)
        changed = (seen["after"]["sparsity"] or 0) > (seen["before"]["sparsity"] or 0)
        return effect.require(changed, "no weight became zero", seen)
