"""int8_dynamic: weights and activations of Linear layers in 8 bits, by torchao."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import cuda_kernels, effect, layers, libraries

MOST_REFUSED_ROWS = 16
"""``torch._int_mm`` on CUDA takes more rows of activations than these."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Int8Dynamic(Mitigation):
    """Quantises every Linear layer but the head with ``torchao.quantization.quantize_``."""

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339 (row-wise rounding of activations); "
        "Int8DynamicActivationInt8WeightConfig of torchao, https://github.com/pytorch/ao"
    )
    idea: ClassVar[str] = (
        "Weights are rounded once, per output channel; activations are rounded at run time, per token; products "
        "run in integer units."
    )
    effect: ClassVar[str] = (
        "Less energy at large batches, where integer units do the work; more at small ones, where rounding the "
        "activations in eager mode costs more than it saves. Memory falls to about a quarter of float32. Does "
        "nothing on layers that are quantised already."
    )
    accuracy: ClassVar[str] = "Mostly within noise."
    deviations: ClassVar[str] = (
        "The output head stays in floating point; on CUDA so do layers that see one row a query (BERT's pooler), since "
        "torch._int_mm takes more than 16 rows. For the same reason generation needs a batch of more than 16 there. "
        "Refused in eager mode on CUDA; torchao's own settings for torch.compile are left out, so that both arms "
        "compile alike."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"torchao.quantization": "torchao"},
        compute_capability=(8, 0),
        phase="inference",
        reasons={
            "compute_capability": "torchao's int8 products",
            "phase": "integer weights are frozen and cannot be trained",
        },
    )

    def apply(self, setup: Setup) -> Setup:
        """Quantises a copy."""
        cuda_kernels.require_compiled(setup, "weights are laid out anew, and tensors turned into text, at every call")
        model, linears = layers.copy_to_quantise(setup)
        chosen = set(linears)
        if setup.device == "cuda":
            chosen -= short_layers(setup.replace(model=model))
        torchao = libraries.load("torchao.quantization")
        # torchao's inductor settings are global: the baseline, compiled after it, would get other kernels too.
        config = torchao.Int8DynamicActivationInt8WeightConfig(set_inductor_config=False)
        torchao.quantize_(model, config, filter_fn=lambda _, name: name in chosen)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of integer weights, and the bytes that it saves."""
        return effect.require_quantised(before, after)


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
                setup.model(**setup.task.batch(setup, [sample]))
    finally:
        for handle in handles:
            handle.remove()
    return rows
