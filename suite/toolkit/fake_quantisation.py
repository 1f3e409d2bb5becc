"""Linear layers that compute as their 8-bit form would, and can still be trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

LEAST, MOST = -128, 127
STEPS = (MOST - LEAST) / 2
"""Of the largest magnitude, as torchao has it: the largest positive value is cut by half a step."""


def rounded(values: torch.Tensor) -> torch.Tensor:
    """``values`` in 8 bits with a scale for each of their last dimension; the gradient passes as if not rounded.

    The straight-through estimator (Bengio et al. 2013, arXiv:1308.3432), symmetric as torchao's int8 is.
    """
    with torch.no_grad():
        scale = values.abs().amax(dim=-1, keepdim=True).clamp(min=torch.finfo(values.dtype).eps) / STEPS
        nearest = (values * (1 / scale)).round().clamp(LEAST, MOST) * scale
    return values + (nearest - values).detach()


class _Rounded(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return rounded(weight)


@contextlib.contextmanager
def fake_quantised(model: nn.Module, chosen: set[str]) -> Iterator[None]:
    """Inside, the Linear layers of these names round their weights by output channel and their inputs by token."""
    layers: list[Any] = [model.get_submodule(name) for name in sorted(chosen)]
    handles = [layer.register_forward_pre_hook(_round_input) for layer in layers]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", _Rounded())
    try:
        yield
    finally:
        for layer in layers:
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        for handle in handles:
            handle.remove()


def _round_input(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (rounded(inputs[0]), *inputs[1:])
