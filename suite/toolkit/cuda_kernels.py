"""What CUDA kernels ask of a setup and of a layer's shape: asked before they refuse in the middle of a measurement."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import nn

from suite.core.setup import Setup
from suite.errors import NotApplicable


def require_compiled(setup: Setup, why: str) -> None:
    """Passes, unless the model would run eagerly on CUDA.

    Args:
        setup: of the arm.
        why: what eager execution does there, as half a sentence.

    Raises:
        NotApplicable: it would, with ``why`` and the remedy.
    """
    if setup.device == "cuda" and setup.runtime == "eager":
        where = "" if len(setup.boards) == 1 else " and leave device_map out, since what is spread is not compiled"
        raise NotApplicable(f"in eager mode on CUDA {why}: give runtime=compiled{where}")


def require_dtype(setup: Setup, known: Collection[str], kernel: str) -> None:
    """Passes where the model is in one of the ``known`` dtypes.

    Raises:
        NotApplicable: it is not; naming the ``kernel`` that asks for it.
    """
    if setup.dtype not in known:
        remedy = f"give dtype={next(iter(known))}"
        raise NotApplicable(f"{kernel} takes {' or '.join(known)} only, the model is in {setup.dtype}: {remedy}")


def require_multiples(layers: Mapping[str, nn.Linear], rows: int, columns: int, why: str) -> None:
    """Passes where every weight ``(out_features, in_features)`` has multiples of ``rows`` and ``columns``.

    Args:
        layers: by name.
        rows: that ``out_features`` must be a multiple of.
        columns: that ``in_features`` must be a multiple of.
        why: what would happen to the others, as half a sentence.

    Raises:
        NotApplicable: one has not; with the number of such layers, the first of them and ``why``.
    """
    unfit = [name for name, layer in layers.items() if layer.out_features % rows or layer.in_features % columns]
    if unfit:
        layer = layers[unfit[0]]
        wanted = f"inputs in multiples of {columns}"
        wanted = wanted if rows == 1 else f"outputs in multiples of {rows} and {wanted}"
        raise NotApplicable(
            f"{len(unfit)} of {len(layers)} Linear layers have not {wanted} (the first is {unfit[0]}, "
            f"{layer.out_features} x {layer.in_features}): {why}"
        )
