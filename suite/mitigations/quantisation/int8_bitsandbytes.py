"""int8_bitsandbytes: LLM.int8(), 8-bit products with outlier columns kept in floating point."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries

MOST_DIMS = 3
"""Dimensions of a layer's input that the library takes: batch, length, width."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Bitsandbytes(Mitigation):
    """Puts ``bitsandbytes.nn.Linear8bitLt`` in place of every Linear layer but the head.

    Attributes:
        threshold: activations above it are outliers, in the activations' own unit; 0 means no outliers.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = "Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339"
    idea: ClassVar[str] = (
        "Weights are rounded per row; activation columns with a value above the threshold are multiplied in "
        "floating point, the rest in integers, so that the few large features of big language models survive."
    )
    effect: ClassVar[str] = (
        "Memory falls to about a quarter of float32. On a GPU it was made to save memory, and usually costs "
        "energy per query against bf16; on a CPU with AVX512 it saves at large batches. Does nothing on layers "
        "that are quantised already."
    )
    accuracy: ClassVar[str] = "Within noise."
    deviations: ClassVar[str] = (
        "The output head stays in floating point, as in transformers; so do layers whose inputs have more than three "
        "dimensions, which the library does not take (ConvNeXt's, Swin v2's of positions)."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"bitsandbytes.nn": "bitsandbytes"},
        phase="inference",
        reasons={"phase": "integer weights are frozen and cannot be trained"},
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    threshold: float

    def __post_init__(self) -> None:
        if self.threshold != 0:
            checks.positive("int8_bitsandbytes.threshold", self.threshold)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy, layer by layer."""
        model, chosen = layers.copy_to_quantise(setup, most_dims=MOST_DIMS)
        library = libraries.load("bitsandbytes.nn")
        # It logs a warning per layer and forward pass when inputs are cast, which would cost energy in the window.
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        for name, linear in chosen.items():
            quantised = library.Linear8bitLt(
                linear.in_features,
                linear.out_features,
                bias=linear.bias is not None,
                has_fp16_weights=False,
                threshold=float(self.threshold),
                device="meta",
            )
            # Only a move from the CPU to the device quantises.
            weight = linear.weight.data.cpu()
            quantised.weight = library.Int8Params(weight, requires_grad=False, has_fp16_weights=False)
            quantised.bias = linear.bias
            model.set_submodule(name, quantised.to(linear.weight.device))
        model.eval()  # new modules start in training mode and would take the slow path
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
