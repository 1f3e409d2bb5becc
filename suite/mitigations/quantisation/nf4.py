"""nf4: weights of Linear layers in 4 bits, arithmetic in 16 or 32, by bitsandbytes."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries

BLOCK = 64
"""Weights that share a scale."""
ROWS = 32
"""The CPU kernel packs so many rows together."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Nf4(Mitigation):
    """Puts ``bitsandbytes.nn.Linear4bit`` in place of every Linear layer but the head.

    Attributes:
        double_quant: whether the scales are quantised as well.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = "Dettmers et al. 2023, QLoRA, arXiv:2305.14314"
    idea: ClassVar[str] = (
        "Blocks of 64 weights are scaled and each weight becomes one of 16 values, spaced as a normal "
        "distribution asks; double quantisation rounds the scales too."
    )
    effect: ClassVar[str] = (
        "Weights take about an eighth of float32. Saves where moving weights is the cost (batch 1, large models); "
        "at large batches widening the weights costs energy. Does nothing on layers that are quantised already. "
        "On a CPU double quantisation is undone at the first forward pass, so it is refused there."
    )
    accuracy: ClassVar[str] = "A small loss, larger on small models."
    deviations: ClassVar[str] = (
        "The output head stays in floating point, as in transformers. On a CPU with AVX512-BF16 the library "
        "computes in bfloat16 whatever the model's dtype."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"bitsandbytes.nn": "bitsandbytes"},
        phase="inference",
        reasons={"phase": "integer weights are frozen and cannot be trained"},
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    double_quant: bool

    def __post_init__(self) -> None:
        checks.flag("nf4.double_quant", self.double_quant)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy, layer by layer."""
        if self.double_quant and setup.device == "cpu":
            raise NotApplicable("on a CPU bitsandbytes undoes double quantisation at the first forward pass")
        model, chosen = layers.copy_to_quantise(setup)
        library = libraries.load("bitsandbytes.nn")
        # It logs warnings at every forward pass, which would cost energy in the window.
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        for name, linear in chosen.items():
            quantised = library.Linear4bit(
                linear.in_features,
                linear.out_features,
                bias=linear.bias is not None,
                compute_dtype=setup.torch_dtype,
                compress_statistics=self.double_quant,
                quant_type="nf4",
                device="meta",
            )
            quantised.weight = library.Params4bit(
                linear.weight.data, requires_grad=False, quant_type="nf4", compress_statistics=self.double_quant
            )
            quantised.bias = linear.bias
            if linear.in_features % BLOCK or linear.out_features % ROWS:
                quantised.support_avx512bf16_for_cpu = False  # that kernel fails on other shapes: widen and multiply
            model.set_submodule(name, quantised.to(linear.weight.device))
        model.eval()  # new modules start in training mode and would take the slow path
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of 4-bit weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
