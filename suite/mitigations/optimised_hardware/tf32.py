"""tf32: float32 matrix products with 10 instead of 23 bits of mantissa, on NVIDIA's tensor cores."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers

PROBE_WIDTH = 256
"""Wide enough that a GPU takes the tensor core for the probe."""


@contextlib.contextmanager
def tf32_products() -> Iterator[None]:
    """Allows TF32 for CUDA matrix products inside; restores what was set before."""
    previous = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    try:
        yield
    finally:
        torch.backends.cuda.matmul.fp32_precision = previous


def probe_product(setup: Setup) -> torch.Tensor:
    """One fixed float32 matrix product ``(256, 256)`` on the setup's device, inside its contexts."""
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(PROBE_WIDTH, PROBE_WIDTH, generator=generator).to(setup.device)
    with setup.active():
        return factor @ factor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tf32(Mitigation):
    """Allows TF32 in matrix products."""

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "NVIDIA A100 Tensor Core GPU Architecture (white paper, 2020); Ootomo & Yokota 2022, arXiv:2203.03341"
    )
    idea: ClassVar[str] = (
        "Weights and results stay float32; only the factors are rounded as they enter the tensor core."
    )
    effect: ClassVar[str] = (
        "Less energy for float32 models on a GPU, by as much as matrix products are of the whole. It saves no "
        "memory. Does nothing on a model that is not in float32, or where it is on already."
    )
    accuracy: ClassVar[str] = "Usually within noise."
    deviations: ClassVar[str] = (
        "Only matrix products are switched. For cuDNN's convolutions torch has TF32 on by default, in both arms."
    )
    requires: ClassVar[Requires] = Requires(
        device="cuda", compute_capability=(8, 0), reasons={"device": "TF32 is a format of NVIDIA GPUs"}
    )
    kinds: ClassVar[tuple[str, ...]] = ("precision",)
    conflicts: ClassVar[tuple[str, ...]] = ("precision",)

    def apply(self, setup: Setup) -> Setup:
        """The same model with TF32 products allowed in each window."""
        if setup.dtype != "float32":
            raise NotApplicable(f"TF32 speeds up float32, the model is in {setup.dtype}")
        layers.module_of(setup)
        with setup.active():
            if torch.backends.cuda.matmul.fp32_precision == "tf32":
                raise NotApplicable("TF32 is on already")
        return setup.replace(contexts=(*setup.contexts, tf32_products))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """How far a probe product moved when TF32 was allowed."""
        difference = float((probe_product(before) - probe_product(after)).abs().max())
        seen = effect.changes(before, after) | {"probe_product_difference": difference}
        return effect.require(difference > 0, "a probe matrix product gave the same result", seen)
