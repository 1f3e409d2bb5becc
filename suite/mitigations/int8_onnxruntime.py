"""int8_onnxruntime: the model as an ONNX graph with 8-bit matrix products, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import tempfile
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries

OPSET = 17
QUANTISER_TABLES = ("_scale", "_zero_point")
"""Endings that the quantiser gives its tables; they count as bytes, not as parameters."""
PRODUCTS = ("MatMul", "Gemm", "MatMulInteger")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Onnxruntime(Mitigation):
    """Exports the model, quantises it with ``quantize_dynamic`` and runs it in an ``InferenceSession``.

    Attributes:
        per_channel: one scale per output channel of a weight instead of one per weight.
    """

    source: ClassVar[str] = (
        "Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only "
        "Inference, arXiv:1712.05877; quantize_dynamic of ONNX Runtime, https://onnxruntime.ai"
    )
    idea: ClassVar[str] = (
        "Export the graph once; round the weights per output channel; round activations at run time, per tensor; "
        "run fused integer kernels without Python between the layers."
    )
    effect: ClassVar[str] = (
        "Often the largest saving on a CPU, since two things change together: the numbers and the runtime. The "
        "ratio holds both. Does nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "A little loss, more where activations have outliers."
    deviations: ClassVar[str] = (
        "Only matrix products with constant weights are quantised, and not the output head, as in the other int8 "
        "techniques. The runtime's threads do not spin while they wait: they would burn energy in the other arm's "
        "window. optimum-onnx is not used; it cannot be installed beside transformers 5."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"onnx": "onnx", "onnxruntime": "onnxruntime"},
        device="cpu",
        phase="inference",
        excluded_models=("AutoModelForCausalLM",),
        reasons={
            "device": "ONNX Runtime's int8 kernels used here run on the CPU",
            "phase": "integer weights are frozen and cannot be trained",
            "excluded_models": "an exported graph has no key-value cache, so generation would be another algorithm",
        },
    )

    per_channel: bool

    def __post_init__(self) -> None:
        checks.flag("int8_onnxruntime.per_channel", self.per_channel)

    def apply(self, setup: Setup) -> Setup:
        """Puts the session in the model's place. The files of the export are removed again."""
        if setup.dtype != "float32":
            raise NotApplicable(f"the export starts from float32, the model is in {setup.dtype}")
        if setup.contexts:
            raise NotApplicable("ONNX Runtime does not see torch's autocast or other switches")
        model, _ = layers.copy_to_quantise(setup)
        batch = effect.probe_batch(setup)
        with tempfile.TemporaryDirectory() as folder:
            exported, quantised = Path(folder) / "model.onnx", Path(folder) / "int8.onnx"
            export(model, batch, exported)
            quantise(exported, quantised, per_channel=self.per_channel)
            content = quantised.read_bytes()
        session = OnnxModel(content, config=model.config, threads=torch.get_num_threads())
        return setup.replace(model=session)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights in the graph, and the size of the file that holds it."""
        return effect.require_quantised(before, after)


class OnnxModel:
    """An ONNX Runtime session that is called like the model it came from.

    Attributes:
        config: the model's own, which tells tasks its labels and its longest input.
        inputs: names of the tensors it takes; others (labels) are ignored.
    """

    def __init__(self, content: bytes, *, config: Any, threads: int) -> None:
        onnxruntime = libraries.load("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self.config = config
        self._content = content
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.inputs: tuple[str, ...] = tuple(entry.name for entry in self._session.get_inputs())

    def __call__(self, **batch: torch.Tensor) -> types.SimpleNamespace:
        """Answers one batch; ``logits`` is ``(batch, classes)``. Tensors are passed and returned without a copy."""
        (logits,) = self._session.run(["logits"], {name: batch[name].numpy() for name in self.inputs})
        return types.SimpleNamespace(logits=torch.from_numpy(logits))

    def weigh(self) -> dict[str, Any]:
        """The graph's constants as ``suite.toolkit.effect.snapshot`` counts weights, and the size of its file."""
        onnx = libraries.load("onnx")
        graph = onnx.load_model_from_string(self._content).graph
        weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        stored: Counter[str] = Counter()
        for name, values in weights.items():
            if values.dtype.name in ("float32", "int8") and not name.endswith(QUANTISER_TABLES):
                stored[values.dtype.name] += values.size
        in_products = [
            weights[name]
            for node in graph.node
            if node.op_type in PRODUCTS
            for name in node.input[:2]
            if name in weights and weights[name].ndim == 2
        ]
        total, linear = sum(stored.values()), sum(values.size for values in in_products)
        small = sum(values.size for values in in_products if values.dtype.itemsize == 1)
        zeros = sum(int((values == 0).sum()) for values in in_products)
        return {
            "parameters": total,
            "bytes": sum(values.nbytes for values in weights.values()),
            "file_bytes": len(self._content),
            "dtypes": {name: count / total for name, count in sorted(stored.items())},
            "quantised_share": small / linear if linear else 0.0,
            "sparsity": zeros / linear if linear else None,
        }


class _Positional(torch.nn.Module):
    """The exporter passes tensors by position and wants tensors back."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(**dict(zip(self.names, tensors, strict=True))).logits
        return logits


def export(model: torch.nn.Module, batch: Batch, path: Path) -> None:
    """Writes the graph of ``model``, for any batch size and, where inputs are token ids, any length.

    The TorchScript exporter is used: ``quantize_dynamic`` fails on the graphs of the newer one for BERT and ViT.
    """
    names = list(batch)
    axes = {
        name: {0: "batch"} | ({1: "length"} if tensor.dim() == 2 and not tensor.is_floating_point() else {})
        for name, tensor in batch.items()
    }
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            _Positional(model, names).eval(),  # else the export leaves the model in training mode
            tuple(batch.values()),
            str(path),
            input_names=names,
            output_names=["logits"],
            dynamic_axes=axes | {"logits": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )


def quantise(source: Path, target: Path, *, per_channel: bool) -> None:
    """Rounds the weights of all matrix products but the output head's to int8."""
    onnx, quantization = libraries.load("onnx"), libraries.load("onnxruntime.quantization")
    prepared = source.with_name("prepared.onnx")
    with _quiet():
        quantization.quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        nodes = onnx.load(str(prepared)).graph.node
        heads = [node.name for node in nodes if layers.HEADS.intersection(node.name.split("/"))]
        quantization.quantize_dynamic(
            str(prepared),
            str(target),
            op_types_to_quantize=["MatMul", "Gemm"],
            nodes_to_exclude=[*heads, *(f"{name}_MatMul" for name in heads)],  # so it renames a Gemm before it looks
            per_channel=per_channel,
            weight_type=quantization.QuantType.QInt8,
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporter's advice to use its successor, and the quantiser's to prepare the graph, to themselves."""
    tracer_warning: Any = torch.jit.TracerWarning  # type: ignore[attr-defined]  # not declared as exported
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # onnxruntime.quantization logs through the root logger
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", tracer_warning)
            warnings.filterwarnings("ignore", message="Exporting aten::index operator of advanced indexing")
            yield
    finally:
        root.setLevel(level)
