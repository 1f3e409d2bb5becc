"""Setting the smallest weights of a model to zero, ranked over all its layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.nn.utils import prune

from suite.errors import NotApplicable
from suite.toolkit import layers


def prunable(model: nn.Module, sparsity: float) -> list[Any]:
    """The layers whose weights can be ranked and set to zero: products and convolutions, without the output head.

    Raises:
        NotApplicable: there is none, or ``sparsity`` of their weights are zero already.
    """
    chosen = list(layers.weighted(model).values())
    if not chosen:
        raise NotApplicable("the model has no Linear layer and no plain convolution besides its output head")
    zeros = _zeros(chosen)
    if zeros >= sparsity * _total(chosen):
        raise NotApplicable(f"the model is that sparse already ({zeros} zero weights)")
    return chosen


def share_of_zeros(chosen: Sequence[Any]) -> float:
    """The share of the weights of the layers that is exactly zero."""
    return _zeros(chosen) / _total(chosen)


def zero_smallest(chosen: Sequence[Any], share: float) -> None:
    """Sets the ``share`` of all weights of the layers that is smallest to zero, in place, in the same parameters."""
    weights = [(layer, "weight") for layer in chosen]
    prune.global_unstructured(weights, pruning_method=prune.L1Unstructured, amount=float(share))
    for layer in chosen:
        prune.remove(layer, "weight")


def _zeros(chosen: Sequence[Any]) -> int:
    return sum(int((layer.weight == 0).sum()) for layer in chosen)


def _total(chosen: Sequence[Any]) -> int:
    return sum(layer.weight.numel() for layer in chosen)
