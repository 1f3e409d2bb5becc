"""int8_weight_only: weights of Linear layers in 8 bits, arithmetic in floating point, by torchao.

Idea: weights are rounded once, per output channel, and widened again at every use: a quarter of the bytes to move.
Effect: saves where moving weights is the cost (batch 1, large models); nothing or a loss where arithmetic is
(large batches). Accuracy: within noise.
Does nothing: on layers that are quantised already.
Source: Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339; torchao Int8WeightOnlyConfig.
Deviations: eager mode, without torch.compile; the output head stays in floating point.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.toolkit import effect, layers, libraries


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8WeightOnly(Mitigation):
    """Quantises the weights of every Linear layer but the head with ``torchao.quantization.quantize_``."""

    source: ClassVar[str] = "Dettmers et al. 2022, arXiv:2208.07339; torchao (github.com/pytorch/ao)"

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy."""
        model, chosen = layers.copy_to_quantise(setup)
        torchao = libraries.load("torchao.quantization")
        torchao.quantize_(model, torchao.Int8WeightOnlyConfig(), filter_fn=lambda _, name: name in chosen)
        return setup.replace(model=model)

    def effect(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
