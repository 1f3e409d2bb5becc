"""A model as an ONNX graph that ONNX Runtime runs on the CPU: exported, called like the model it came from."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from suite.checkpoints.hub import first_line
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.toolkit import effect, layers, libraries

ONNXRUNTIME = "onnxruntime"
OPSET = 17
QUANTISER_TABLES = ("_scale", "_zero_point")
"""Endings that the quantiser gives its tables; they count as bytes, not as parameters."""
PRODUCTS = ("MatMul", "Gemm", "MatMulInteger")


def exported(setup: Setup) -> Setup:
    """``setup`` with its float32 model as a graph; a graph stays as it is.

    Raises:
        NotApplicable: the model cannot be run so, or a library is missing.
    """
    if isinstance(setup.model, OnnxModel):
        return setup.replace(runtime=ONNXRUNTIME)
    require_exportable(setup)
    model = layers.module_of(setup)
    layers.require_float(setup)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(model, effect.probe_batch(setup), path)
        content = path.read_bytes()
    return session_of(setup, model, content).replace(runtime=ONNXRUNTIME)


def session_of(setup: Setup, model: Any, content: bytes) -> Setup:
    """``setup`` with a session of the graph ``content`` in the place of ``model``, which it was exported from.

    Raises:
        NotApplicable: the graph fits no other length or batch than it was traced with.
    """
    made = setup.replace(model=OnnxModel(content, config=model.config, threads=torch.get_num_threads()))
    for sample in setup.task.samples(effect.PROBE_SAMPLES):
        try:
            made.model(**setup.task.batch(setup, [sample]))
        except Exception as error:  # the library has a class for each of its codes, all of them plain exceptions
            what = f"the exported graph of {type(model).__name__} does not run on another batch than it was traced with"
            raise NotApplicable(f"{what}: {first_line(error)}") from error
    return made


def require_exportable(setup: Setup) -> None:
    """Raises NotApplicable where an exported graph would not be the same model at the same work."""
    for library in ("onnx", "onnxruntime"):
        libraries.load(library)
    if setup.device != "cpu":
        raise NotApplicable("ONNX Runtime is used on the CPU here: choose runtime=eager or runtime=compiled on a GPU")
    if setup.phase == "training":
        raise NotApplicable("an exported graph cannot be trained")
    if setup.task.generates:
        raise NotApplicable("an exported graph has no key-value cache, so generation would be another algorithm")
    if setup.dtype != "float32":
        raise NotApplicable(f"the export starts from float32, the model is in {setup.dtype}")
    if setup.contexts:
        raise NotApplicable("ONNX Runtime does not see torch's autocast or other switches")


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

    def executed(self) -> dict[str, int]:
        """How many operations of which kind the session runs, after ONNX Runtime has fused what it can."""
        onnx, onnxruntime = libraries.load("onnx"), libraries.load("onnxruntime")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "executed.onnx"
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3  # that the file fits this machine only is no news
            options.optimized_model_filepath = str(path)
            onnxruntime.InferenceSession(self._content, options, providers=["CPUExecutionProvider"])
            return dict(sorted(Counter(node.op_type for node in onnx.load(str(path)).graph.node).items()))

    def statistics(self) -> dict[str, Any]:
        """The graph's constants as ``suite.toolkit.effect.snapshot`` counts weights, and the size of its file."""
        onnx = libraries.load("onnx")
        graph = onnx.load_model_from_string(self._content).graph
        weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        widened = _widened(graph, weights)
        stored: Counter[str] = Counter()
        for name, values in weights.items():
            # A bias in 32 bits is a weight; other such constants are shapes and places.
            is_weight = values.dtype.name in ("float32", "int8") or name in widened.values()
            if is_weight and not name.endswith(QUANTISER_TABLES):
                stored[values.dtype.name] += values.size
        size = sum(values.nbytes for values in weights.values())
        weights |= {output: weights[name] for output, name in widened.items()}
        in_products = [values for values in _constants(graph, weights, PRODUCTS) if values.ndim == 2]
        multiplied = [*in_products, *(values for values in _constants(graph, weights, ("Conv",)) if values.ndim > 2)]
        total, linear = sum(stored.values()), sum(values.size for values in in_products)
        small = sum(values.size for values in in_products if values.dtype.itemsize == 1)
        zeros = sum(int((values == 0).sum()) for values in multiplied)
        return {
            "parameters": total,
            "bytes": size,
            "file_bytes": len(self._content),
            "dtypes": {name: count / total for name, count in sorted(stored.items())},
            "quantised_share": small / linear if linear else 0.0,
            "quantised_share_of_all": stored["int8"] / total if total else 0.0,
            "sparsity": zeros / sum(values.size for values in multiplied) if multiplied else None,
        }


def _widened(graph: Any, weights: dict[str, Any]) -> dict[str, str]:
    """Names of values that are a constant in integers made float again, each with the name of that constant."""
    nodes = (node for node in graph.node if node.op_type == "DequantizeLinear")
    return {node.output[0]: node.input[0] for node in nodes if node.input[0] in weights}


def _constants(graph: Any, weights: dict[str, Any], kinds: tuple[str, ...]) -> list[Any]:
    """Of all nodes of these kinds, the first two inputs as far as they are constants."""
    inputs = (name for node in graph.node if node.op_type in kinds for name in node.input[:2])
    return [weights[name] for name in inputs if name in weights]


class _Positional(torch.nn.Module):
    """The exporter passes tensors by position and wants tensors back."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        answer = self.model(**dict(zip(self.names, tensors, strict=True)))
        if not hasattr(answer, "logits"):
            what = f"what is exported here are models that give logits, not {', '.join(answer.keys())}"
            raise NotApplicable(f"{what} ({type(self.model).__name__})")
        logits: torch.Tensor = answer.logits
        return logits


def export(model: torch.nn.Module, batch: Batch, path: Path) -> None:
    """Writes the graph of ``model``, for any batch size and, where inputs are token ids, any length.

    The TorchScript exporter is used: ``quantize_dynamic`` fails on the graphs of the newer one for BERT and ViT.

    Raises:
        NotApplicable: the exporter does not know what the model computes with.
    """
    names = list(batch)
    axes = {
        name: {0: "batch"} | ({1: "length"} if tensor.dim() == 2 and not tensor.is_floating_point() else {})
        for name, tensor in batch.items()
    }
    try:
        with quiet(), torch.no_grad():
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
    except torch.onnx.errors.OnnxExporterError as error:
        what = f"torch's exporter makes no ONNX graph of {type(model).__name__}"
        raise NotApplicable(f"{what}: {first_line(error)}") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps the exporter's advice and the graphs it failed at, and the quantiser's advice, to themselves."""
    tracer_warning: Any = torch.jit.TracerWarning  # type: ignore[attr-defined]  # not declared as exported
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # onnxruntime.quantization logs through the root logger
    prints = torch._C._jit_is_onnx_log_enabled()
    torch._C._jit_set_onnx_log_enabled(False)
    try:
        with warnings.catch_warnings():
            for category in (DeprecationWarning, UserWarning, tracer_warning):
                warnings.simplefilter("ignore", category)
            yield
    finally:
        root.setLevel(level)
        torch._C._jit_set_onnx_log_enabled(prints)


def prepared(source: Path, heads: list[str]) -> tuple[Path, list[str]]:
    """The graph at ``source`` with shapes inferred and constants folded, as quantisers want it, in a file beside it.

    Args:
        source: the exported graph.
        heads: modules of the exported model that make its output head.

    Returns:
        The file, and the names of the nodes that stand in the heads.
    """
    onnx, quantization = libraries.load("onnx"), libraries.load("onnxruntime.quantization")
    target = source.with_name("prepared.onnx")
    with quiet():
        quantization.quant_pre_process(str(source), str(target), skip_symbolic_shape=True)
    places = tuple(f"/model/{head.replace('.', '/')}/" for head in heads)
    nodes = onnx.load(str(target)).graph.node
    return target, [node.name for node in nodes if node.name.startswith(places)]
