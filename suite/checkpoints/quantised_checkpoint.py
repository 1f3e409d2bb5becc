"""Checkpoints that were quantised by others: which package runs them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from suite.errors import NotApplicable

_BACKENDS = {
    "gptq": "gptqmodel",
    "awq": "gptqmodel",
    "bitsandbytes": "bitsandbytes",
    "torchao": "torchao",
    "quanto": "optimum.quanto",
    "compressed-tensors": "compressed_tensors",
    "hqq": "hqq",
    "aqlm": "aqlm",
}
"""The package that runs checkpoints of each quantisation method."""


def check_backend(path: str, config: Any) -> None:
    """Raises NotApplicable if the package that runs the checkpoint at ``path`` is not installed."""
    method = method_of(config)
    package = _BACKENDS.get(method)
    if package and importlib.util.find_spec(package.partition(".")[0]) is None:
        raise NotApplicable(f"the {method} checkpoint {path} needs the package {package}, which is not installed")
    if method == "torchao":
        _complete_transformers()


def widened_at_once(config: Any) -> None:
    """Has weights that transformers would widen by the first query widened while they are loaded, in place.

    That is what it does with compressed-tensors: left packed until then, such layers have no weights to be looked at,
    and the first query would pay for all.
    """
    stated = config.quantization_config
    if method_of(config) != "compressed-tensors" or not isinstance(stated, dict):
        return
    if not stated.get("use_optimized_inference"):  # which multiplies 8-bit floats as they are
        config.quantization_config = stated | {"dequantize": True}


def _complete_transformers() -> None:
    """Gives transformers' module for torchao the names that it lacks where it was imported without torchao in sight.

    The server that points are forked from does so on a machine with a GPU (``suite.sweep.preload``).
    """
    module = sys.modules.get("transformers.integrations.torchao")
    if module is not None and not hasattr(module, "is_metadata_torchao"):
        importlib.reload(module)


def method_of(config: Any) -> str:
    """The quantisation method that a model's configuration states, e.g. ``gptq``."""
    stated = config.quantization_config
    method = stated.get("quant_method") if isinstance(stated, dict) else getattr(stated, "quant_method", None)
    return str(getattr(method, "value", method) or "quantised")
