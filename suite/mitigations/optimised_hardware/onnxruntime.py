"""onnxruntime: the same float32 model as a graph, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import onnx_graph, runtime_change


@dataclasses.dataclass(frozen=True, kw_only=True)
class Onnxruntime(Mitigation):
    """Puts an ``InferenceSession`` of the exported model in the candidate's place."""

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = "ONNX Runtime, https://onnxruntime.ai"
    idea: ClassVar[str] = "Export the graph once, fuse its operations, and run it without Python between the layers."
    effect: ClassVar[str] = (
        "A saving on a CPU for small models, whose time goes into Python and unfused operations; little for large "
        "matrix products. Does nothing where the point runs with runtime=onnxruntime."
    )
    accuracy: ClassVar[str] = "Equal within rounding."
    deviations: ClassVar[str] = (
        "The session's threads do not spin while they wait: they would burn energy in the other arm."
    )
    requires: ClassVar[Requires] = Requires(
        packages={
            "onnx": "onnx",
            "onnxruntime": "onnxruntime",
        },
        device="cpu",
        phase="inference",
        generates=False,
        logits_alone=True,
        reasons={
            "phase": "an exported graph cannot be trained",
            "generates": "an exported graph has no key-value cache, so generation would be another algorithm",
            "logits_alone": "that is what is exported",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("graph",)
    conflicts: ClassVar[tuple[str, ...]] = ("graph", "quantisation", "precision")
    stack_reason: ClassVar[str] = "the export starts from a float32 model of torch"

    def apply(self, setup: Setup) -> Setup:
        """Exports the model. The files of the export are removed again."""
        return onnx_graph.exported(runtime_change.require_eager(setup, "onnxruntime"))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The runtime, parameters and bytes of both."""
        return runtime_change.proof(before, after)
