"""int8_dynamic: weights and activations of Linear layers in 8 bits, by torchao."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import dynamic_int8, effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Dynamic(Mitigation):
    """Quantises every Linear layer but the head with ``torchao.quantization.quantize_``."""

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339 (row-wise rounding of activations); "
        "Int8DynamicActivationInt8WeightConfig of torchao, https://github.com/pytorch/ao"
    )
    idea: ClassVar[str] = (
        "Weights are rounded once, per output channel; activations are rounded at run time, per token; products "
        "run in integer units."
    )
    effect: ClassVar[str] = (
        "Less energy at large batches, where integer units do the work; more at small ones, where rounding the "
        "activations in eager mode costs more than it saves. Memory falls to about a quarter of float32. Does "
        "nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "Mostly within noise."
    deviations: ClassVar[str] = (
        "The output head stays in floating point; on CUDA so do layers that see one row a query (BERT's pooler), since "
        "torch._int_mm takes more than 16 rows. For the same reason generation needs a batch of more than 16 there. "
        "Refused in eager mode on CUDA; torchao's own settings for torch.compile are left out, so that both arms "
        "compile alike."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        compute_capability=(8, 0),
        phase="inference",
        reasons={
            "compute_capability": "torchao's int8 products",
            "phase": "integer weights are frozen and cannot be trained",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy."""
        model, chosen = dynamic_int8.copy_to_quantise(setup)
        dynamic_int8.quantise(model, chosen)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
