"""float8: weights and activations of Linear layers in 8-bit floats, by torchao on CUDA."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import cuda_kernels, effect, layers, libraries

MULTIPLE = 16
"""Both sides of a float8 product on tensor cores are multiples of it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Float8(Mitigation):
    """Quantises every Linear layer but the head with ``torchao.quantization.quantize_``, one scale a row."""

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Micikevicius et al. 2022, FP8 Formats for Deep Learning, arXiv:2209.05433; "
        "Float8DynamicActivationFloat8WeightConfig of torchao, https://github.com/pytorch/ao"
    )
    idea: ClassVar[str] = (
        "Weights are rounded once to E4M3, with a scale for each output channel; activations at run time, with one "
        "for each token; the tensor cores multiply 8-bit floats at twice the rate of bfloat16."
    )
    effect: ClassVar[str] = (
        "Less energy where arithmetic is the cost (large batches); half of bfloat16's bytes to move helps small "
        "ones, if rounding the activations does not cost more. In eager mode that rounding is many small kernels, so "
        "it is best measured with runtime=compiled. Does nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "Mostly within noise."
    deviations: ClassVar[str] = "The output head stays in bfloat16; scales are dynamic, without calibration."
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        device="cuda",
        compute_capability=(8, 9),
        phase="inference",
        suits="models whose Linear layers have sizes that its kernels take",
        reasons={
            "device": "float8 products need tensor cores",
            "compute_capability": "tensor cores have float8 from there on (Ada, Hopper)",
            "phase": "float8 weights are frozen and cannot be trained here",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy."""
        cuda_kernels.require_dtype(setup, ("bfloat16",), "torchao's float8 with a scale for each row")
        model, chosen = layers.copy_to_quantise(setup)
        skipped = "torchao would leave such layers as they are, without a word"
        cuda_kernels.require_multiples(chosen, MULTIPLE, MULTIPLE, skipped)
        torchao = libraries.load("torchao.quantization")
        config = torchao.Float8DynamicActivationFloat8WeightConfig(
            granularity=torchao.PerRow(),
            set_inductor_config=False,  # else the baseline, compiled after it, would get other kernels too
        )
        torchao.quantize_(model, config, filter_fn=lambda _, name: name in chosen)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of 8-bit weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
