"""GPTQ: weights are rounded column by column, and what each rounding does to a layer's output is mended by the rest.

Frantar et al. 2023, GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers,
arXiv:2210.17323.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.toolkit import effect

BLOCK = 128
"""Columns whose errors are carried to all later columns at once; within a block they are carried one by one."""
DAMPING = 0.01
"""Share of the mean diagonal that is added to the diagonal, so that the matrix of the inputs can be inverted."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rounded:
    """A weight in whole numbers: ``numbers * scale + zero``, in groups along the inputs.

    Attributes:
        numbers: (outputs, inputs), from ``-2 ** (bits - 1)`` to ``2 ** (bits - 1) - 1``, as int8.
        scale: (outputs, groups).
        zero: the value that number 0 stands for, (outputs, groups).
    """

    numbers: torch.Tensor
    scale: torch.Tensor
    zero: torch.Tensor

    def values(self) -> torch.Tensor:
        """The weights that they stand for, (outputs, inputs), in float32."""
        by_group = self.numbers.float().unflatten(1, (self.scale.shape[1], -1))
        found: torch.Tensor = by_group * self.scale.float()[..., None] + self.zero.float()[..., None]
        return found.flatten(1)


def second_moments(
    setup: Setup, layers: Mapping[str, nn.Linear], samples: Sequence[Example]
) -> dict[str, torch.Tensor]:
    """Of each layer the mean of ``x xᵀ`` over the inputs ``x`` that it gets, (inputs, inputs), in float32.

    Args:
        setup: whose model has the layers.
        layers: by name.
        samples: training samples that the model answers; their padding is left out.
    """
    sums: dict[str, torch.Tensor] = {}
    counts: dict[str, int] = {}
    for start in range(0, len(samples), setup.batch_size):
        batch = setup.task.training_batch(setup, samples[start : start + setup.batch_size])
        with _noting(layers, batch.get("attention_mask"), sums, counts), setup.active(), torch.no_grad():
            setup.model(**_inputs(setup.model, batch))
    return {name: total / counts[name] for name, total in sums.items()}


def _inputs(model: Any, batch: Batch) -> Batch:
    """What the model gets: a decoder beside an encoder reads the labels."""
    keeps = getattr(model.config, "is_encoder_decoder", False)
    return {name: tensor for name, tensor in batch.items() if keeps or name != "labels"}


@contextlib.contextmanager
def _noting(
    layers: Mapping[str, nn.Linear], mask: torch.Tensor | None, sums: dict[str, torch.Tensor], counts: dict[str, int]
) -> Iterator[None]:
    def note(name: str, given: tuple[Any, ...]) -> None:
        states = given[0].detach()
        kept = states[mask.bool()] if mask is not None and mask.shape == states.shape[:-1] else states
        rows = kept.reshape(-1, states.shape[-1]).float()
        sums[name] = sums.get(name, 0) + rows.t() @ rows
        counts[name] = counts.get(name, 0) + len(rows)

    with effect.hooks(
        layer.register_forward_pre_hook(lambda _, given, name=name: note(name, given)) for name, layer in layers.items()
    ):
        yield


def rounded(weight: torch.Tensor, moments: torch.Tensor, *, bits: int, group_size: int | None) -> Rounded:
    """``weight`` rounded so that the layer's outputs on the inputs behind ``moments`` change as little as may be.

    Args:
        weight: (outputs, inputs).
        moments: see ``second_moments``.
        bits: of each number.
        group_size: inputs that share a scale and a zero, a divisor of their number; None for one scale an output,
            symmetric about 0.
    """
    left, upper = _prepared(weight, moments)
    width = group_size or BLOCK
    grids = [] if group_size else [symmetric_grid(left, bits, weight.dtype)]
    numbers = torch.empty_like(left, dtype=torch.int8)
    for start in range(0, left.shape[1], width):
        end = min(start + width, left.shape[1])
        if group_size:  # here, since the errors of all earlier groups have been carried to this one by now
            grids.append(grid_of(left[:, start:end], bits))
        errors = torch.zeros_like(left[:, start:end])
        for column in range(start, end):
            found = nearest(left[:, column : column + 1], grids[-1], bits)
            numbers[:, column] = found.numbers[:, 0]
            error = (left[:, column] - found.values()[:, 0]) / upper[column, column]
            left[:, column:end] -= error[:, None] * upper[column, column:end]
            errors[:, column - start] = error
        left[:, end:] -= errors @ upper[start:end, end:]
    scale, zero = (torch.cat([grid[part] for grid in grids], dim=1) for part in (0, 1))
    return Rounded(numbers=numbers, scale=scale, zero=zero)


def _prepared(weight: torch.Tensor, moments: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights to round, and the upper Cholesky factor of the inverse of the damped moments, both float32."""
    left, matrix = weight.detach().float().clone(), moments.clone()
    silent = matrix.diagonal() == 0  # inputs that are always 0: their weights do nothing
    matrix[silent, silent] = 1
    left[:, silent] = 0
    matrix += DAMPING * matrix.diagonal().mean() * torch.eye(len(matrix), device=matrix.device)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(matrix))
    return left, torch.linalg.cholesky(inverse, upper=True)


Grid = tuple[torch.Tensor, torch.Tensor]
"""Scale and zero, (outputs, 1) each."""


def grid_of(weights: torch.Tensor, bits: int) -> Grid:
    """The even grid of ``2 ** bits`` values from the least weight of each row to the largest.

    Scale and zero are in bfloat16, as kernels read them: weights are rounded to the values that are really multiplied.
    """
    least, most = weights.amin(dim=1, keepdim=True), weights.amax(dim=1, keepdim=True)
    scale = ((most - least) / (2**bits - 1)).clamp(min=1e-9).bfloat16()
    return scale, (least + 2 ** (bits - 1) * scale.float()).bfloat16()


def symmetric_grid(weights: torch.Tensor, bits: int, dtype: torch.dtype) -> Grid:
    """The even grid about 0 that reaches the largest absolute weight of each row, its scale in ``dtype``."""
    scale = weights.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
    scale = scale.clamp(min=torch.finfo(dtype).tiny).to(dtype)
    return scale, torch.zeros_like(scale)


def nearest(weights: torch.Tensor, grid: Grid, bits: int) -> Rounded:
    """Each of ``weights`` (outputs, inputs) rounded to the nearest value of its row's ``grid``, by itself."""
    scale, zero = grid
    highest = 2 ** (bits - 1)
    numbers = ((weights - zero.float()) / scale.float()).round().clamp(-highest, highest - 1).to(torch.int8)
    return Rounded(numbers=numbers, scale=scale, zero=zero)


def rounded_to_nearest(weight: torch.Tensor, *, bits: int, group_size: int | None) -> Rounded:
    """``weight`` rounded without regard to inputs, on grids of the same kind: what GPTQ is set against."""
    left = weight.detach().float()
    if group_size is None:
        return nearest(left, symmetric_grid(left, bits, weight.dtype), bits)
    found = [nearest(part, grid_of(part, bits), bits) for part in left.split(group_size, dim=1)]
    numbers, scale, zero = (torch.cat([getattr(one, name) for one in found], dim=1) for name in _PARTS)
    return Rounded(numbers=numbers, scale=scale, zero=zero)


_PARTS = ("numbers", "scale", "zero")


def output_error(weight: torch.Tensor, instead: Rounded, moments: torch.Tensor) -> float:
    """The mean squared change of the layer's outputs, summed over them, on the inputs behind ``moments``."""
    change = weight.detach().float() - instead.values()
    return float((change @ moments * change).sum())
