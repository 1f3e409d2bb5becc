"""The feed-forward part of each transformer block, and how to cut channels out of it."""

from __future__ import annotations

import dataclasses

import torch
from torch import nn

from suite.errors import NotApplicable
from suite.toolkit.blocks import Blocks, configs_of, stack_of
from suite.toolkit.layers import MOSTLY, convolved_share, cut, is_product, matrix

ATTENTION = ("attention", "attn")
SIZE_NAMES = ("intermediate_size", "hidden_dim", "n_inner", "ffn_dim", "ffn_hidden_size", "d_ff", "d_inner")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mlp:
    """The feed-forward part of one block: ``down(act(up(x)))`` or ``down(act(gate(x)) * up(x))``.

    Attributes:
        size: its channels.
        down: ``size`` to hidden.
        ups: hidden to ``size``, one or two of them; or a single fused one of ``2 * size`` outputs, gate and up stacked.
        fused: whether it is the fused kind.
    """

    size: int
    down: nn.Module
    ups: list[nn.Module]
    fused: bool

    def importance(self) -> torch.Tensor:
        """The weight of each channel, ``(size,)``: the norm of its rows going up times that of its column going down.

        With a gate it is the product of the three norms.
        """
        score: torch.Tensor = matrix(self.down).detach().float().norm(dim=0)
        for up in self.ups:
            for rows in matrix(up).detach().float().split(self.size):
                score = score * rows.norm(dim=1)
        return score

    def keep(self, channels: torch.Tensor) -> None:
        """Cuts the layers down to ``channels`` (ascending indices), in place."""
        rows = torch.cat([channels, channels + self.size]) if self.fused else channels
        for up in self.ups:
            cut(up, outputs=rows)
        cut(self.down, inputs=channels)


def mlps_of(model: nn.Module) -> list[Mlp]:
    """The MLP of every block, all of the same size.

    Raises:
        NotApplicable: it cannot be told which layers they are, or the model is one of convolutions.
    """
    share = convolved_share(model)
    if share >= MOSTLY:
        raise NotApplicable(
            f"{100 * share:.0f} % of the model's parameters are in convolutions, and what is cut here are the MLPs of "
            "transformer blocks; cutting channels of convolutions would apply, which this suite does not have"
        )
    stack = stack_of(model)
    _, size = mlp_size(model, stack)
    return [_mlp_of(block, size, f"{stack.name}.{number}") for number, block in enumerate(stack.modules)]


def _mlp_of(block: nn.Module, size: int, name: str) -> Mlp:
    outside = {path: part for path, part in block.named_modules() if not any(word in path for word in ATTENTION)}
    layers = [part for part in outside.values() if is_product(part)]
    downs = [layer for layer in layers if matrix(layer).shape[1] == size]
    ups = [layer for layer in layers if matrix(layer).shape[0] == size]
    fused = [layer for layer in layers if matrix(layer).shape[0] == 2 * size]
    if not ups and len(fused) == 1:
        ups = fused
    if len(downs) != 1 or len(ups) not in (1, 2) or downs[0] in ups:
        raise NotApplicable(f"the MLP of {name} was not recognised (layers into and out of {size} channels)")
    ours = {id(weight) for layer in (*downs, *ups) for weight in layer.parameters()}
    for part in outside.values():
        for weight in part.parameters(recurse=False):
            if id(weight) not in ours and size in weight.shape:
                raise NotApplicable(f"{name} has other weights with {size} channels, so its MLP cannot be cut alone")
    return Mlp(size=size, down=downs[0], ups=ups, fused=ups == fused)


def mlp_size(model: nn.Module, stack: Blocks | None = None) -> tuple[str, int]:
    """The config's entry for the channels of an MLP, and their number.

    Raises:
        NotApplicable: there is none, or not the same for all blocks.
    """
    config = configs_of(model, stack or stack_of(model))[0]
    for name in SIZE_NAMES:
        value = getattr(config, name, None)
        if isinstance(value, int):
            return name, value
    if hasattr(config, "n_inner") and isinstance(getattr(config, "n_embd", None), int):
        return "n_inner", 4 * config.n_embd  # GPT-2: no value means four times the width
    raise NotApplicable("the config names no one MLP size")


def set_mlp_size(model: nn.Module, size: int) -> None:
    """Writes the new MLP size into the config and wherever a module repeats it, so that a saved copy loads again."""
    stack = stack_of(model)
    name, old = mlp_size(model, stack)
    for config in configs_of(model, stack):
        setattr(config, name, size)
    for module in model.modules():
        if getattr(module, "intermediate_size", None) == old:
            setattr(module, "intermediate_size", size)  # noqa: B010  # modules type their attributes as tensors
