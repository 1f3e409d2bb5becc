"""compile: the model's forward pass as one compiled graph, by torch.compile."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import compiling, runtime_change


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compile(Mitigation):
    """Compiles the candidate alone; the baseline runs as the point's runtime says."""

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = "Ansel et al. 2024, PyTorch 2, doi:10.1145/3620665.3640366"
    idea: ClassVar[str] = (
        "Trace the model once and let inductor fuse its operations, so that values stay on the chip between them; on a "
        "GPU small batches also replay a recorded CUDA graph instead of launching every kernel from Python."
    )
    effect: ClassVar[str] = (
        "Large where the host decides the pace (small batches on a GPU), little where large matrix products do. "
        "Compiling costs seconds to minutes, once. Does nothing where the point runs compiled already."
    )
    accuracy: ClassVar[str] = "Equal within rounding: the same sums in another order."
    deviations: ClassVar[str] = (
        "The whole model must be one graph. For generation the compiled form is static_cache, a technique of its own."
    )
    requires: ClassVar[Requires] = Requires(
        one_device=True,
        excluded_models=("AutoModelForCausalLM",),
        reasons={
            "one_device": "what moves inputs from one GPU to the next breaks the graph",
            "excluded_models": "what is compiled in generation is the decoding over a static cache: static_cache",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("graph",)

    def apply(self, setup: Setup) -> Setup:
        """Makes the compiled form; the graphs are made in the first pass over the queries."""
        return compiling.compiled(runtime_change.require_eager(setup, "compile"))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The runtime of both; that graphs were made is checked, and counted in ``compile_cost``, when they run."""
        return runtime_change.proof(before, after)
