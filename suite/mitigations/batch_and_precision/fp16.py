"""fp16: the whole model in float16."""

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
class Fp16(Mitigation):
    """Casts weights, and floating inputs with them, to float16."""

    intervention: ClassVar[str] = "batch_and_precision"
    source: ClassVar[str] = "Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740"
    idea: ClassVar[str] = "As bf16, with three more bits of precision and a much smaller range (largest number 65,504)."
    effect: ClassVar[str] = (
        "On a GPU about as bf16. On a CPU without AVX512-FP16 it costs energy, since every product is emulated. "
        "Does nothing on a model that is in float16 already."
    )
    accuracy: ClassVar[str] = "Usually within noise; a model trained in bfloat16 can overflow to infinity."
    deviations: ClassVar[str] = "Inference only; no float32 master weights and no loss scaling, which are for training."
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        reasons={
            "phase": "without loss scaling, which the training loop has not, gradients underflow to zero; use bf16"
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("precision",)
    before: ClassVar[tuple[str, ...]] = ("quantisation", "graph")
    conflicts: ClassVar[tuple[str, ...]] = ("precision",)

    def apply(self, setup: Setup) -> Setup:
        """A copy of the model in float16."""
        if setup.dtype == "float16":
            raise NotApplicable("the model is in float16 already")
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        layers.convert_float(model, torch.float16)
        changed = setup.replace(model=model, dtype="float16")
        effect.require_answer(changed, "in float16")
        return changed

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The dtypes of the Linear layers' outputs, and the bytes saved."""
        outputs = effect.observed_dtypes(after, effect.probe_batch(after))
        seen = effect.changes(before, after) | {"linear_outputs": outputs}
        changed = outputs.get("float16", 0) > 0 and after.dtype != before.dtype
        return effect.require(changed, "no Linear layer answered in float16", seen)
