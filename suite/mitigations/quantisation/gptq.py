"""gptq: weights of Linear layers in 4 or 8 bits, rounded so that the layers' outputs change least."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers
from suite.toolkit.rounding import gptq as algorithm
from suite.toolkit.rounding import integer_weights

BITS = (4, 8)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gptq(Mitigation):
    """Quantises the weights of every Linear layer but the head by GPTQ, calibrated on the train split.

    Attributes:
        bits: of a weight, 4 or 8.
        group_size: of 4 bits, weights that share a scale and a zero point; 32, 64 or 128. With 8 bits every output has
            one scale.
        calibration_samples: training samples whose activations the rounding is fitted to, at least 1.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Frantar et al. 2023, GPTQ, arXiv:2210.17323; kernels of torchao, https://github.com/pytorch/ao"
    )
    idea: ClassVar[str] = (
        "Round a layer's weights column by column, and after each let the columns that are still open take up what the "
        "rounding did to the outputs, by the second moments of the layer's inputs on calibration samples. The same "
        "bits, and a smaller error than rounding each weight by itself."
    )
    effect: ClassVar[str] = (
        "That of the kernel: 4-bit weights save where moving weights is the cost (batch 1, large models) and cost "
        "where arithmetic is; 8 bits are those of int8_weight_only. What GPTQ adds is accuracy. The calibration, with "
        "a matrix of inputs by inputs for each layer in memory, is the one-off cost. Does nothing on layers that are "
        "quantised already."
    )
    accuracy: ClassVar[str] = "Above that of rounding to nearest at 4 bits; at 8 bits both are within noise."
    deviations: ClassVar[str] = (
        "All layers are calibrated at once on the float model; the source passes each block the outputs of those "
        "quantised before it. 4 bits are asymmetric in groups and computed in bfloat16 (tinygemm's kernels), 8 bits "
        "symmetric per output. Columns are taken in their order (no act-order); the output head stays in floating "
        "point."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        compute_capability=(8, 0),
        phase="inference",
        suits="models whose Linear layers have sizes that its kernels take",
        reasons={
            "compute_capability": "its kernels multiply in bfloat16",
            "phase": "integer weights are frozen and cannot be trained",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation",)

    bits: int
    group_size: int
    calibration_samples: int

    def __post_init__(self) -> None:
        for field, known in (("bits", BITS), ("group_size", integer_weights.GROUP_SIZES)):
            value = getattr(self, field)
            if isinstance(value, bool) or value not in known:
                remedy = f"use one of {', '.join(map(str, known))}"
                raise InputError(f"gptq.{field} is unknown", got=value, remedy=remedy)
        checks.count("gptq.calibration_samples", self.calibration_samples, least=1)

    def apply(self, setup: Setup) -> Setup:
        """Calibrates on the train split and packs a copy's weights."""
        model, chosen = layers.copy_to_quantise(setup)
        integer_weights.require_fitting(setup, chosen, self.bits, self.group_size)
        made = setup.replace(model=model)
        samples = list(setup.task.train()[: self.calibration_samples])
        moments = algorithm.second_moments(made, chosen, samples)
        group_size = self.group_size if self.bits == 4 else None
        error = plain_error = 0.0
        for name, seen in moments.items():
            layer = chosen[name]
            weight = algorithm.rounded(layer.weight, seen, bits=self.bits, group_size=group_size)
            plain = algorithm.rounded_to_nearest(layer.weight, bits=self.bits, group_size=group_size)
            error += algorithm.output_error(layer.weight, weight, seen)
            plain_error += algorithm.output_error(layer.weight, plain, seen)
            pack = integer_weights.int4_layer if self.bits == 4 else integer_weights.int8_layer
            model.set_submodule(name, pack(layer, weight))
        vars(model)["output_error"] = {"gptq": error, "rounding_to_nearest": plain_error}
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, the bytes that it saves, and the layers' output error on the calibration."""
        seen = effect.require_quantised(before, after)
        return seen | {"output_error": dict(vars(layers.module_of(after)).get("output_error", {}))}
