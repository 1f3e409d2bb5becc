"""onnxruntime: the model as a float32 graph, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import dataclasses

from suite.core.runtime import Runtime
from suite.core.setup import Setup
from suite.toolkit import onnx_graph


@dataclasses.dataclass(frozen=True, kw_only=True)
class Onnxruntime(Runtime):
    """Exports the model and runs it in an ``InferenceSession``; what is a graph already (int8) stays as it is.

    Source: ONNX Runtime, https://onnxruntime.ai
    """

    def prepare(self, setup: Setup) -> Setup:
        """See ``suite.toolkit.onnx_graph.exported``."""
        return onnx_graph.exported(setup)
