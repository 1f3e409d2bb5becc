"""A smaller copy of a transformer: fewer blocks, narrower MLPs; how much it computes, and how often it is right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from suite.core.setup import Setup
from suite.core.task import Example
from suite.toolkit import blocks, effect, layers, mlps

MULTIPLE_OF = 8
"""MLP channels are kept in steps of so many, which matrix units like."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shape:
    """Size of a transformer.

    Attributes:
        blocks: how many.
        channels: of each block's MLP.
    """

    blocks: int
    channels: int


def shape_of(model: nn.Module) -> Shape:
    """The size of ``model``, as its blocks and its config have it.

    Raises:
        NotApplicable: it has no stack of equal blocks with MLPs of one size.
    """
    return Shape(blocks=blocks.depth_of(model), channels=mlps.mlp_size(model)[1])


def scaled(shape: Shape, layers_share: float, channels_share: float) -> Shape:
    """``shape`` with these shares of its blocks and channels, at least one block and one step of channels."""
    steps = max(1, round(shape.channels * channels_share / MULTIPLE_OF))
    return Shape(blocks=max(1, round(shape.blocks * layers_share)), channels=min(shape.channels, steps * MULTIPLE_OF))


def cut_to(setup: Setup, wanted: Shape) -> nn.Module:
    """A copy of the setup's model with ``wanted.blocks`` evenly spaced blocks and each MLP's weightiest channels.

    Raises:
        NotApplicable: the blocks have no MLPs that can be cut.
    """
    model = layers.editable_copy(setup)
    found = shape_of(model)
    if wanted.blocks < found.blocks:
        blocks.keep_blocks(model, blocks.spaced(found.blocks, wanted.blocks))
    if wanted.channels < found.channels:
        for part in mlps.mlps_of(model):
            part.keep(torch.topk(part.importance(), wanted.channels).indices.sort().values)
        mlps.set_mlp_size(model, wanted.channels)
    return model


def forward_flops(setup: Setup) -> int:
    """Floating-point operations of one forward pass over a batch of training samples, counted as torch does."""
    batch = effect.probe_batch(setup)
    with torch.no_grad(), setup.active(), FlopCounterMode(display=False) as counted:
        layers.module_of(setup)(**batch)
    return int(counted.get_total_flops())


def right_share(setup: Setup, examples: Sequence[Example]) -> float:
    """Share of the answers (classes, or next tokens) on ``examples`` that are right, in [0, 1]."""
    right, asked = 0, 0
    for start in range(0, len(examples), setup.batch_size):
        batch = setup.task.training_batch(setup, examples[start : start + setup.batch_size])
        with torch.no_grad(), setup.active():
            logits, targets = setup.task.logits(setup.model, batch)
        counted = targets >= 0  # padding is marked by a negative target
        right += int((logits.argmax(dim=-1) == targets)[counted].sum())
        asked += int(counted.sum())
    return right / asked if asked else 0.0
