"""int8_static: weights and activations of convolutions and matrix products in 8 bits, calibrated, by ONNX Runtime."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from suite.checkpoints.hub import first_line
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Example
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries, onnx_graph

QUANTISED = ("Conv", "MatMul", "Gemm", "Relu", "Clip")
"""What follows a convolution is folded into it; its range must be known for that."""
INTEGER_OPERATIONS = ("QLinear", "QGemm", "MatMulInteger", "ConvInteger", "DynamicQuantizeMatMul", "QAttention")
"""How the names begin of the operations that ONNX Runtime computes in integers."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Static(Mitigation):
    """Exports the model, quantises it with ``quantize_static`` and runs it in an ``InferenceSession``.

    Attributes:
        per_channel: one scale per output channel of a weight instead of one per weight.
        calibration_samples: training samples that set the scales of the activations, at least 1.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only "
        "Inference, arXiv:1712.05877; Nagel et al. 2021, A White Paper on Neural Network Quantization, "
        "arXiv:2106.08295; quantize_static of ONNX Runtime, https://onnxruntime.ai"
    )
    idea: ClassVar[str] = (
        "Export the graph once; round the weights per output channel; fix the scale of each activation from the "
        "smallest and largest value that a calibration on training samples saw, so that nothing is measured at run "
        "time and convolutions run in integers too."
    )
    effect: ClassVar[str] = (
        "A large saving on a CPU with 8-bit dot products (VNNI, AMX, Arm's dotprod), for convolutional networks the "
        "one way to integers here. With runtime=eager the numbers and the runtime change together; with "
        "runtime=onnxruntime both arms run as graphs, and the ratio is the integers' own. Does nothing on layers that "
        "are quantised already."
    )
    accuracy: ClassVar[str] = (
        "A little loss; more where activations have outliers (transformers) or ranges that calibration did not see, "
        "and where a depthwise convolution has channels of very different sizes."
    )
    deviations: ClassVar[str] = (
        "Convolutions and products with constant weights are quantised, not products of two activations (attention), "
        "and not the output head, as in the other int8 techniques; what stands between them stays float. Ranges are "
        "minima and maxima; no bias correction, no equalisation. On a CPU with AVX2 but no VNNI, ONNX Runtime's 8-bit "
        "products may saturate."
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
    calibration_samples: int

    def __post_init__(self) -> None:
        checks.flag("int8_static.per_channel", self.per_channel)
        checks.count("int8_static.calibration_samples", self.calibration_samples, least=1)

    def apply(self, setup: Setup) -> Setup:
        """Puts the session in the model's place. The files of the export are removed again."""
        onnx_graph.require_exportable(setup)
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        if not layers.weighted(model):
            raise NotApplicable("the model has no Linear layer and no plain convolution besides its output head")
        samples = list(setup.task.train()[: self.calibration_samples])
        with tempfile.TemporaryDirectory() as folder:
            exported, quantised = Path(folder) / "model.onnx", Path(folder) / "int8.onnx"
            onnx_graph.export(model, effect.probe_batch(setup), exported)
            graph, left_out = onnx_graph.prepared(exported, layers.heads(model))
            reader = _Reader(setup, samples)
            try:
                self._quantise(graph, quantised, reader, left_out)
            except Exception as error:  # the library has a class for each of its codes, all of them plain exceptions
                what = (
                    f"the exported graph of {effect.architecture(setup)} does not run on the samples that calibrate it"
                )
                raise NotApplicable(f"{what}: {first_line(error)}") from error
            content = quantised.read_bytes()
        return onnx_graph.session_of(setup, model, content)

    def _quantise(self, source: Path, target: Path, reader: _Reader, left_out: list[str]) -> None:
        quantization = libraries.load("onnxruntime.quantization")
        with onnx_graph.quiet():
            quantization.quantize_static(
                str(source),
                str(target),
                reader,
                quant_format=quantization.QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                nodes_to_exclude=left_out,
                per_channel=self.per_channel,
                weight_type=quantization.QuantType.QInt8,
                # Unsigned: x86 makes signed ones unsigned, and misses a convolution whose input is read twice.
                activation_type=quantization.QuantType.QUInt8,
                extra_options={"MatMulConstBOnly": True},
            )

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, the bytes, and how many operations really run in integers."""
        seen = effect.changes(before, after)
        more = seen["after"]["quantised_share_of_all"] > seen["before"]["quantised_share_of_all"]
        effect.require(more, "no weights became integers", seen)
        effect.require(seen["after"]["bytes"] < seen["before"]["bytes"], "the model did not get smaller", seen)
        executed = after.model.executed()
        integers = {name: count for name, count in executed.items() if name.startswith(INTEGER_OPERATIONS)}
        return effect.require(
            bool(integers), "ONNX Runtime computes nothing in integers", seen | {"integer_operations": integers}
        )


class _Reader:
    """Training samples as ``quantize_static`` reads them: batch after batch, then None."""

    def __init__(self, setup: Setup, samples: Sequence[Example]) -> None:
        starts = range(0, len(samples), setup.batch_size)
        self._batches = iter([setup.task.batch(setup, samples[start : start + setup.batch_size]) for start in starts])

    def get_next(self) -> dict[str, Any] | None:
        """The next batch as arrays by the graph's input."""
        batch = next(self._batches, None)
        return None if batch is None else {name: tensor.numpy() for name, tensor in batch.items()}
