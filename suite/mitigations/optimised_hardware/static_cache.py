"""static_cache: decoding over a key-value cache of fixed size, compiled."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import compiling, decoding, runtime_change


@dataclasses.dataclass(frozen=True, kw_only=True)
class StaticCache(Mitigation):
    """Gives the candidate's ``generate`` a static cache and compiles its decoding; the prefill stays as it is."""

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "transformers, static cache and torch.compile, https://huggingface.co/docs/transformers/kv_cache; "
        "Ansel et al. 2024, PyTorch 2, doi:10.1145/3620665.3640366"
    )
    idea: ClassVar[str] = (
        "A cache that never changes its shape lets one decoding step be compiled and, on a GPU, replayed as a CUDA "
        "graph: a token costs one launch instead of hundreds."
    )
    effect: ClassVar[str] = (
        "Large at small batches on a GPU, where eager decoding is mostly launches; less on a CPU. Costs memory for the "
        "longest answer from the start, and compiling once. Does nothing where the point runs compiled already."
    )
    accuracy: ClassVar[str] = "The same tokens but for ties within rounding."
    deviations: ClassVar[str] = (
        "The cache of each batch size is kept between queries; transformers makes a new one each."
    )
    requires: ClassVar[Requires] = Requires(
        one_device=True,
        phase="inference",
        generates=True,
        reads="text",
        reasons={
            "one_device": "what moves inputs from one GPU to the next breaks the graph",
            "generates": "there is no cache elsewhere, see compile",
            "reads": "it is for models that continue a text",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("decoding",)
    conflicts: ClassVar[tuple[str, ...]] = ("graph", "decoding")

    def apply(self, setup: Setup) -> Setup:
        """Makes the compiled form; the graph is made in the first pass over the queries."""
        if not setup.task.generates:
            raise NotApplicable(f"the task {setup.task.name} generates nothing, so there is no cache: see compile")
        decoding.require_text(setup, "static_cache")
        return compiling.compiled(runtime_change.require_eager(setup, "static_cache"))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The runtime of both; that graphs were made is checked, and counted in ``compile_cost``, when they run."""
        return runtime_change.proof(before, after)
