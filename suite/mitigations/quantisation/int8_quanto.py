"""int8_quanto: weights, and if wanted activations, of Linear layers in 8 bits, by optimum's quanto."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import cuda_kernels, effect, layers, libraries


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Quanto(Mitigation):
    """Quantises every Linear layer but the head with ``optimum.quanto``.

    Attributes:
        activations: whether activations are rounded too.
        calibration_samples: training samples that set the scales of the activations, at least 1.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Jacob et al. 2018, arXiv:1712.05877 (calibrated scales); optimum-quanto, "
        "https://github.com/huggingface/optimum-quanto"
    )
    idea: ClassVar[str] = (
        "Weights are rounded once, per output channel; activations with fixed scales that a calibration on "
        "training samples found, so that no scale is computed at run time."
    )
    effect: ClassVar[str] = (
        "With activations less energy at large batches, where integer units do the work; weights alone save "
        "memory only, and widening them costs energy. Does nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "Within noise with weights alone; with activations a small loss."
    deviations: ClassVar[str] = (
        "The output head stays in floating point. Refused in eager mode on CUDA, where every weight is widened at "
        "every call. The library is in maintenance mode."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"optimum.quanto": "optimum-quanto"},
        phase="inference",
        reasons={"phase": "integer weights are frozen and cannot be trained"},
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("quantisation", "autocast_bf16")

    activations: bool
    calibration_samples: int

    def __post_init__(self) -> None:
        checks.flag("int8_quanto.activations", self.activations)
        checks.count("int8_quanto.calibration_samples", self.calibration_samples, least=1)

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy, calibrates it where activations are rounded, and fixes it."""
        cuda_kernels.require_compiled(setup, "every weight is widened at every call, which only costs energy")
        model, chosen = layers.copy_to_quantise(setup)
        quanto = libraries.load("optimum.quanto")
        activations = quanto.qint8 if self.activations else None
        quanto.quantize(model, weights=quanto.qint8, activations=activations, include=list(chosen))
        model.eval()
        quantised = setup.replace(model=model)
        if self.activations:
            with quanto.Calibration(streamline=False):
                self._calibrate(quantised)
        quanto.freeze(model)
        return quantised

    def _calibrate(self, setup: Setup) -> None:
        samples = list(setup.task.train()[: self.calibration_samples])
        for start in range(0, len(samples), setup.batch_size):
            with setup.active():
                setup.task.call(setup.model, setup.task.batch(setup, samples[start : start + setup.batch_size]))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)
