"""int8_onnxruntime: the model as an ONNX graph with 8-bit matrix products, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries, onnx_graph


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Onnxruntime(Mitigation):
    """Exports the model, quantises it with ``quantize_dynamic`` and runs it in an ``InferenceSession``.

    Attributes:
        per_channel: one scale per output channel of a weight instead of one per weight.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only "
        "Inference, arXiv:1712.05877; quantize_dynamic of ONNX Runtime, https://onnxruntime.ai"
    )
    idea: ClassVar[str] = (
        "Export the graph once; round the weights per output channel; round activations at run time, per tensor; run "
        "fused integer kernels without Python between the layers."
    )
    effect: ClassVar[str] = (
        "Often the largest saving on a CPU. With runtime=eager two things change together, the numbers and the "
        "runtime, and the ratio holds both; with runtime=onnxruntime both arms run as graphs, and the ratio is the "
        "integers' own. Does nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "A little loss, more where activations have outliers."
    deviations: ClassVar[str] = (
        "Only matrix products with constant weights are quantised, no convolutions (int8_static has them), and not the "
        "output head, as in the other int8 techniques. The runtime's threads do not spin while they wait: they would "
        "burn energy in the other arm's window. optimum-onnx is not used; it cannot be installed beside transformers 5."
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
            "device": "ONNX Runtime's int8 kernels used here run on the CPU",
            "phase": "integer weights are frozen and cannot be trained",
            "generates": "an exported graph has no key-value cache, so generation would be another algorithm",
            "logits_alone": "that is what is exported",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("quantisation", "graph")
    conflicts: ClassVar[tuple[str, ...]] = ("graph", "quantisation", "precision")
    stack_reason: ClassVar[str] = "the export starts from a float32 model of torch"

    per_channel: bool

    def __post_init__(self) -> None:
        checks.flag("int8_onnxruntime.per_channel", self.per_channel)

    def apply(self, setup: Setup) -> Setup:
        """Puts the session in the model's place. The files of the export are removed again."""
        onnx_graph.require_exportable(setup)
        model, _ = layers.copy_to_quantise(setup)
        batch = effect.probe_batch(setup)
        with tempfile.TemporaryDirectory() as folder:
            exported, quantised = Path(folder) / "model.onnx", Path(folder) / "int8.onnx"
            onnx_graph.export(model, batch, exported)
            quantise(exported, quantised, heads=layers.heads(model), per_channel=self.per_channel)
            content = quantised.read_bytes()
        return onnx_graph.session_of(setup, model, content)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights in the graph, and the size of the file that holds it."""
        return effect.require_quantised(before, after)


def quantise(source: Path, target: Path, *, heads: list[str], per_channel: bool) -> None:
    """Rounds the weights of all matrix products to int8, but those of the ``heads``, modules of the exported model."""
    quantization = libraries.load("onnxruntime.quantization")
    graph, left_out = onnx_graph.prepared(source, heads)
    with onnx_graph.quiet():
        quantization.quantize_dynamic(
            str(graph),
            str(target),
            op_types_to_quantize=["MatMul", "Gemm"],
            nodes_to_exclude=[
                *left_out,
                *(f"{name}_MatMul" for name in left_out),
            ],  # so it renames a Gemm before it looks
            per_channel=per_channel,
            weight_type=quantization.QuantType.QInt8,
        )
