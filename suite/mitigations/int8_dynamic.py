"""int8_dynamic: weights and activations of Linear layers in 8 bits, by torchao.

Idea: weights are rounded once, per output channel; activations are rounded at run time, per token; products run in
integer units.
Effect: less energy at large batches, where integer units do the work; more at small ones, where rounding the
activations in eager mode costs more than it saves. Memory falls to about a quarter of float32. Accuracy: mostly
within noise.
Does nothing: on layers that are quantised already.
Source: Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339 (row-wise rounding of activations); torchao
Int8DynamicActivationInt8WeightConfig.
Deviations: eager mode, without torch.compile; the output head stays in floating point.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.toolkit import effect, layers, libraries


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Dynamic(Mitigation):
    """Quantises every Linear layer but the head with ``torchao.quantization.quantize_``."""

    source: ClassVar[str] = "Dettmers et al. 2022, arXiv:2208.07339; torchao (github.com/pytorch/ao)"

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy."""
        if setup.device == "cuda" and torch.cuda.get_device_capability() < (8, 0):
            raise NotApplicable("torchao's int8 products need compute capability 8.0")
        model, chosen = layers.copy_to_quantise(setup)
        torchao = libraries.load("torchao.quantization")
        torchao.quantize_(
            model, torchao.Int8DynamicActivationInt8WeightConfig(), filter_fn=lambda _, name: name in chosen
        )
        return setup.replace(model=model)

    def effect(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
