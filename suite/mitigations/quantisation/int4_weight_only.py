"""int4_weight_only: weights of Linear layers in 4 bits, arithmetic in bfloat16, by torchao on CUDA."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError
from suite.plugins.requires import Requires
from suite.toolkit import cuda_kernels, effect, layers, libraries

GROUP_SIZES = (32, 64, 128, 256)
"""Weights that may share a scale, as torch's int4 kernel has it."""
ALGORITHMS = ("tinygemm", "hqq")
TILE = 1024
"""The packing pads the inputs of a layer to a multiple of it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int4WeightOnly(Mitigation):
    """Quantises every Linear layer but the head with ``torchao.quantization.quantize_``, packed for tinygemm.

    Attributes:
        group_size: weights that share a scale and a zero point; 32, 64, 128 or 256.
        algorithm: how both are chosen: ``tinygemm`` (from the least and largest weight) or ``hqq`` (by iteration).
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Frantar et al. 2023, GPTQ, arXiv:2210.17323 (4-bit weights in groups); Int4WeightOnlyConfig of torchao, "
        "https://github.com/pytorch/ao; hqq: https://mobiusml.github.io/hqq_blog"
    )
    idea: ClassVar[str] = (
        "Groups of weights along the input share a scale and a zero point and become 4-bit integers, which the "
        "kernel widens in registers as it multiplies: a quarter of bfloat16's bytes to move."
    )
    effect: ClassVar[str] = (
        "Saves where moving weights is the cost (batch 1, large models); the kernel is made for few rows, so a loss "
        "is expected at large batches. Does nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "A small loss, larger on small models and large groups."
    deviations: ClassVar[str] = (
        "Rounding to the nearest value or HQQ, without GPTQ's calibration; the output head stays in floating point. "
        "A model with a layer whose inputs are no multiple of 1024 is refused: the packing would pad it."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        device="cuda",
        compute_capability=(8, 0),
        phase="inference",
        suits="models whose Linear layers have sizes that its kernels take",
        reasons={
            "device": "torch's int4 kernel (tinygemm) runs on NVIDIA GPUs",
            "compute_capability": "its int4 kernel multiplies in bfloat16",
            "phase": "integer weights are frozen and cannot be trained",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    group_size: int
    algorithm: str

    def __post_init__(self) -> None:
        for field, known in (("group_size", GROUP_SIZES), ("algorithm", ALGORITHMS)):
            value = getattr(self, field)
            if isinstance(value, bool) or value not in known:
                remedy = f"use one of {', '.join(map(str, known))}"
                raise InputError(f"int4_weight_only.{field} is unknown", got=value, remedy=remedy)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy on the device."""
        cuda_kernels.require_dtype(setup, ("bfloat16",), "torch's int4 kernel")
        model, chosen = layers.copy_to_quantise(setup)
        skipped = "torchao would leave such layers as they are, without a word"
        cuda_kernels.require_multiples(chosen, 1, self.group_size, skipped)
        cuda_kernels.require_multiples(
            chosen, 1, TILE, "the packing would pad them with weights that cost bytes and work"
        )
        torchao = libraries.load("torchao.quantization")
        config = torchao.Int4WeightOnlyConfig(
            group_size=self.group_size,
            int4_packing_format="tile_packed_to_4d",
            int4_choose_qparams_algorithm=self.algorithm,
            set_inductor_config=False,  # else the baseline, compiled after it, would get other kernels too
        )
        torchao.quantize_(model, config, filter_fn=lambda _, name: name in chosen)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
