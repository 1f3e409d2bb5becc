"""int8_weight_only: weights of Linear layers in 8 bits, arithmetic in floating point, by torchao."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import cuda_kernels, effect, layers, libraries


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8WeightOnly(Mitigation):
    """Quantises the weights of every Linear layer but the head with ``torchao.quantization.quantize_``."""

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339; Int8WeightOnlyConfig of torchao, "
        "https://github.com/pytorch/ao"
    )
    idea: ClassVar[str] = (
        "Weights are rounded once, per output channel, and widened again at every use: a quarter of the bytes to move."
    )
    effect: ClassVar[str] = (
        "Saves where moving weights is the cost (batch 1, large models); nothing or a loss where arithmetic is "
        "(large batches). Does nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "Within noise."
    deviations: ClassVar[str] = (
        "The output head stays in floating point. Refused in eager mode on CUDA, where every weight is widened at "
        "every call; torchao's own settings for torch.compile are left out, so that both arms compile alike."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        phase="inference",
        reasons={"phase": "integer weights are frozen and cannot be trained"},
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy."""
        cuda_kernels.require_compiled(setup, "every weight is widened at every call, which only costs energy")
        model, chosen = layers.copy_to_quantise(setup)
        torchao = libraries.load("torchao.quantization")
        # torchao's inductor settings are global: the baseline, compiled after it, would get other kernels too.
        config = torchao.Int8WeightOnlyConfig(set_inductor_config=False)
        torchao.quantize_(model, config, filter_fn=lambda _, name: name in chosen)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
