"""bf16: the whole model in bfloat16."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bf16(Mitigation):
    """Casts weights, and floating inputs with them, to bfloat16."""

    intervention: ClassVar[str] = "batch_and_precision"
    source: ClassVar[str] = "Kalamkar et al. 2019, A Study of BFLOAT16 for Deep Learning Training, arXiv:1905.12322"
    idea: ClassVar[str] = (
        "Weights and activations in 16 bits with float32's range: half the bytes to move, and matrix units that "
        "multiply 16 bits faster (tensor cores; AVX512-BF16 or AMX on a CPU)."
    )
    effect: ClassVar[str] = (
        "Up to about half the energy where the hardware has such units; more energy where it emulates them. Does "
        "nothing on a model that is in bfloat16 already, which is the default on CUDA."
    )
    accuracy: ClassVar[str] = (
        "Usually within noise. In training, updates smaller than 1/256 of a weight are lost: look at the score."
    )
    deviations: ClassVar[str] = "Training has no float32 master weights (autocast_bf16 keeps them)."
    requires: ClassVar[Requires] = Requires(
        compute_capability=(8, 0), reasons={"compute_capability": "older GPUs have no bfloat16 units"}
    )
    kinds: ClassVar[tuple[str, ...]] = ("precision",)
    before: ClassVar[tuple[str, ...]] = ("quantisation", "graph")
    conflicts: ClassVar[tuple[str, ...]] = ("precision",)

    def apply(self, setup: Setup) -> Setup:
        """A copy of the model in bfloat16."""
        if setup.dtype == "bfloat16":
            raise NotApplicable("the model is in bfloat16 already")
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        layers.convert_float(model, torch.bfloat16)
        changed = setup.replace(model=model, dtype="bfloat16")
        effect.require_answer(changed, "in bfloat16")
        return changed

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The dtypes of the Linear layers' outputs, and the bytes saved."""
        outputs = effect.observed_dtypes(after, effect.probe_batch(after))
        seen = effect.changes(before, after) | {"linear_outputs": outputs}
        changed = outputs.get("bfloat16", 0) > 0 and seen["after"]["bytes"] < seen["before"]["bytes"]
        return effect.require(changed, "no Linear layer answered in bfloat16", seen)
