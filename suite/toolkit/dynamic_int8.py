"""Weights and activations of Linear layers in 8 bits, by torchao: which layers, and how."""

from __future__ import annotations

from typing import Any

from torch import nn

from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.toolkit import cuda_kernels, effect, layers, libraries

MOST_REFUSED_ROWS = 16
"""``torch._int_mm`` on CUDA takes more rows of activations than these."""


def copy_to_quantise(setup: Setup) -> tuple[nn.Module, set[str]]:
    """A copy of the model, and the names of the layers of it to quantise.

    Raises:
        NotApplicable: there is none, or CUDA's integer products would not run, or not in eager mode.
    """
    cuda_kernels.require_compiled(setup, "weights are laid out anew, and tensors turned into text, at every call")
    model, linears = layers.copy_to_quantise(setup)
    chosen = set(linears)
    if setup.device == "cuda":
        chosen -= short_layers(setup.replace(model=model))
    return model, chosen


def quantise(model: nn.Module, chosen: set[str]) -> None:
    """Quantises the layers of these names in place."""
    torchao = libraries.load("torchao.quantization")
    # torchao's inductor settings are global: the baseline, compiled after it, would get other kernels too.
    config = torchao.Int8DynamicActivationInt8WeightConfig(set_inductor_config=False)
    torchao.quantize_(model, config, filter_fn=lambda _, name: name in chosen)


def short_layers(setup: Setup) -> set[str]:
    """Layers that see one row a query, and so too few rows for CUDA's integer product in some batch.

    Raises:
        NotApplicable: all layers would see 16 rows or fewer, as a step of generation does in a small batch.
    """
    if setup.task.auto_class == "AutoModelForCausalLM":
        _require_rows(setup, 1, "a decoding step has one a query")
        return set()
    rows = _fewest_rows(setup)
    short = {name for name, count in rows.items() if count == 1}
    fewest = min((count for count in rows.values() if count > 1), default=1)
    _require_rows(setup, fewest, f"a query may have {fewest}")
    return short


def _require_rows(setup: Setup, rows_per_query: int, why: str) -> None:
    if rows_per_query * setup.batch_size <= MOST_REFUSED_ROWS:
        remedy = f"raise batch_size above {MOST_REFUSED_ROWS // rows_per_query} (it is {setup.batch_size})"
        raise NotApplicable(f"on CUDA torch._int_mm needs more than {MOST_REFUSED_ROWS} rows, and {why}: {remedy}")


def _fewest_rows(setup: Setup) -> dict[str, int]:
    """The fewest rows of activations that each Linear layer sees for any one of a few samples."""
    rows: dict[str, int] = {}

    def count(name: str, inputs: Any) -> None:
        seen = inputs[0].numel() // inputs[0].shape[-1]
        rows[name] = min(rows.get(name, seen), seen)

    handles = [
        layer.register_forward_pre_hook(lambda _, inputs, name=name: count(name, inputs))
        for name, layer in layers.linears(layers.module_of(setup)).items()
    ]
    try:
        with setup.active():
            for sample in setup.task.samples(effect.PROBE_SAMPLES):
                setup.task.call(setup.model, setup.task.batch(setup, [sample]))
    finally:
        for handle in handles:
            handle.remove()
    return rows
