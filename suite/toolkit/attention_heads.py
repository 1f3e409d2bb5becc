"""The attention of each transformer block: its four projections, how much each head matters, how to cut heads out."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from suite.core.setup import Setup
from suite.core.task import Example
from suite.errors import NotApplicable
from suite.toolkit import blocks, layers

INPUTS = ("q_proj", "k_proj", "v_proj")
OUTPUTS = ("o_proj", "out_proj")
HEADS, KEY_VALUE_HEADS = "num_attention_heads", "num_key_value_heads"
REPEATED = (HEADS, KEY_VALUE_HEADS, "num_heads", "num_kv_heads")
"""Attributes in which attention modules repeat the config's numbers of heads."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attention:
    """The attention of one block.

    Attributes:
        module: that holds the projections.
        groups: of heads that share keys and values: as many as there are heads where none do.
        heads: query heads, a multiple of ``groups``.
        size: channels of a head.
    """

    module: nn.Module
    groups: int
    heads: int
    size: int

    @property
    def output(self) -> nn.Linear:
        """The projection behind the heads."""
        return next(layer for name in OUTPUTS if isinstance(layer := getattr(self.module, name, None), nn.Linear))

    def keep(self, groups: torch.Tensor) -> None:
        """Cuts the projections down to ``groups`` (ascending indices), in place."""
        shared = _channels(groups, self.size)
        queries = _channels(groups, self.size * (self.heads // self.groups))
        for name, channels in zip(INPUTS, (queries, shared, shared), strict=True):
            layers.cut(getattr(self.module, name), outputs=channels)
        layers.cut(self.output, inputs=queries)
        numbers = {self.heads: len(groups) * (self.heads // self.groups), self.groups: len(groups)}
        for name in REPEATED:
            if getattr(self.module, name, None) in numbers:
                setattr(self.module, name, numbers[getattr(self.module, name)])

    def pool(self, groups: int) -> None:
        """Puts the mean of neighbouring key and of value heads in the place of each, ``groups`` in all, in place."""
        for name in INPUTS[1:]:
            layer: Any = getattr(self.module, name)
            for part in ("weight", "bias"):
                old = getattr(layer, part)
                if old is None:
                    continue
                heads = old.detach().float().unflatten(0, (groups, self.groups // groups, self.size))
                mean = heads.mean(dim=1).flatten(0, 1).to(old.dtype)
                setattr(layer, part, nn.Parameter(mean, requires_grad=old.requires_grad))
            layer.out_features = groups * self.size
        numbers = {KEY_VALUE_HEADS: groups, "num_kv_heads": groups, "num_key_value_groups": self.heads // groups}
        for name, number in numbers.items():
            if isinstance(getattr(self.module, name, None), int):
                setattr(self.module, name, number)


def _channels(groups: torch.Tensor, size: int) -> torch.Tensor:
    return (groups[:, None] * size + torch.arange(size, device=groups.device)).flatten()


def numbers_of(model: nn.Module) -> tuple[int, int]:
    """The config's numbers of query heads, and of groups of them that share keys and values.

    Raises:
        NotApplicable: it does not name the first, or there is no one stack of equal blocks.
    """
    config = blocks.configs_of(model, blocks.stack_of(model))[0]
    heads = getattr(config, HEADS, None)
    if not isinstance(heads, int):
        raise NotApplicable("the config names no one number of attention heads")
    return heads, getattr(config, KEY_VALUE_HEADS, None) or heads


def attentions_of(model: nn.Module) -> list[Attention]:
    """The attention of every block, all with the same number of heads.

    Raises:
        NotApplicable: it is not made of four plain projections, or the config does not name its heads.
    """
    stack = blocks.stack_of(model)
    heads, groups = numbers_of(model)
    return [_attention_of(block, heads, groups, f"{stack.name}.{number}") for number, block in enumerate(stack.modules)]


def _attention_of(block: nn.Module, heads: int, groups: int, name: str) -> Attention:
    found: list[Any] = [
        part for part in block.modules() if all(type(getattr(part, each, None)) is nn.Linear for each in INPUTS)
    ]
    outputs = [getattr(part, each, None) for part in found for each in OUTPUTS]
    if len(found) != 1 or sum(type(layer) is nn.Linear for layer in outputs) != 1:
        raise NotApplicable(f"the attention of {name} was not recognised (separate {', '.join(INPUTS)} and an output)")
    queries, keys = found[0].q_proj.out_features, found[0].k_proj.out_features
    made = Attention(module=found[0], groups=groups, heads=heads, size=queries // heads)
    if (
        heads % groups
        or queries != heads * made.size
        or keys != groups * made.size
        or made.output.in_features != queries
    ):
        raise NotApplicable(f"the attention of {name} has not {heads} query heads on {groups} key-value heads")
    return made


def importance(setup: Setup, samples: Sequence[Example]) -> list[torch.Tensor]:
    """Of each block the importance of each group of heads, ``(groups,)``: how much the loss feels a gate on its heads.

    The gate of head h is a factor 1 on its output; its importance is the mean over ``samples`` of the absolute
    derivative of the loss by that gate (Michel et al. 2019, arXiv:1905.10650), a group's the sum over its heads.
    """
    model = layers.module_of(setup)
    attentions = attentions_of(model)
    totals = [torch.zeros(part.groups) for part in attentions]
    for start in range(0, len(samples), setup.batch_size):
        chosen = samples[start : start + setup.batch_size]
        with setup.active(), torch.enable_grad():
            gates = [
                torch.ones(len(chosen), part.heads, device=setup.device, requires_grad=True) for part in attentions
            ]
            handles = [_gated(part, gate) for part, gate in zip(attentions, gates, strict=True)]
            try:
                loss = setup.task.loss(model, setup.task.training_batch(setup, chosen))
                slopes = torch.autograd.grad(loss, gates)
            finally:
                for handle in handles:
                    handle.remove()
        for total, slope, part in zip(totals, slopes, attentions, strict=True):
            # The loss is a mean over the batch, so a sample's own derivative is as many times larger.
            total += len(chosen) * slope.abs().sum(dim=0).cpu().unflatten(0, (part.groups, -1)).sum(dim=1)
    return [total / len(samples) for total in totals]


def _gated(part: Attention, gate: torch.Tensor) -> Any:
    """Multiplies the heads' outputs by ``gate`` ``(batch, heads)`` until the handle is removed."""

    def multiply(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        states = inputs[0]
        by_head = states.unflatten(-1, (part.heads, part.size))
        factors = gate.reshape(gate.shape[0], *(1 for _ in states.shape[1:-1]), part.heads, 1)
        return ((by_head * factors.to(states)).flatten(-2), *inputs[1:])

    return part.output.register_forward_pre_hook(multiply)


def require_free_heads(model: nn.Module, groups: int) -> None:
    """Passes where a model built with ``groups`` of heads of the same size has other shapes than ``model``.

    Raises:
        NotApplicable: the number of heads changes no shape, for their size follows from it and the width.
    """
    configs = blocks.configs_of(model, blocks.stack_of(model))
    heads, before = numbers_of(model)
    size = getattr(configs[0], "head_dim", None) or configs[0].hidden_size // heads
    kept = [dict(vars(config)) for config in configs]
    try:
        _write(configs, heads=groups * (heads // before), groups=groups, size=size)
        shapes = _loaded_shapes(model)
    except AttributeError:  # Falcon's config computes the size of a head, and cannot be told it
        shapes = None
    for config, values in zip(configs, kept, strict=True):
        vars(config).clear()
        vars(config).update(values)
    if shapes is None or shapes == _shapes(model):
        raise NotApplicable(_tied(model))


def set_heads(model: nn.Module, attention: Attention, groups: int) -> None:
    """Writes into the configs that there are ``groups`` of heads of the size in ``attention``, which was cut so.

    Raises:
        NotApplicable: a model built from this config has other shapes, so that a saved copy would not load again.
    """
    heads = groups * (attention.heads // attention.groups)
    configs = blocks.configs_of(model, blocks.stack_of(model))
    _write(configs, heads=heads, groups=groups, size=attention.size)
    if _loaded_shapes(model) != _shapes(model):
        raise NotApplicable(_tied(model))


def share_keys_and_values(model: nn.Module, groups: int) -> None:
    """Pools key and value heads down to ``groups``, in place; all query heads stay.

    Args:
        model: a float model.
        groups: divides their number.

    Raises:
        NotApplicable: the attention is not made of four plain projections, or the config names no number of key-value
            heads, or one that does not decide their shapes.
    """
    configs = blocks.configs_of(model, blocks.stack_of(model))
    if not all(hasattr(config, KEY_VALUE_HEADS) for config in configs):
        raise NotApplicable(f"{type(model).__name__} has as many key-value heads as query heads, by its architecture")
    attentions = attentions_of(model)
    for attention in attentions:
        attention.pool(groups)
    for config in configs:
        setattr(config, KEY_VALUE_HEADS, groups)
    if _loaded_shapes(model) != _shapes(model):
        raise NotApplicable(_tied(model))


def _write(configs: list[Any], *, heads: int, groups: int, size: int) -> None:
    for config in configs:
        setattr(config, HEADS, heads)
        if getattr(config, KEY_VALUE_HEADS, None) is not None:
            setattr(config, KEY_VALUE_HEADS, groups)
        config.head_dim = size


def _tied(model: nn.Module) -> str:
    what = f"the shapes of {type(model).__name__} do not follow the config's number of attention heads"
    return f"{what} and a size of each, so a saved copy with fewer heads would not load again"


def _shapes(model: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in model.state_dict().items()}


def _loaded_shapes(model: Any) -> dict[str, torch.Size] | None:
    """Shapes of a new model of the same class and config; None where the class refuses the config. Makes no weight."""
    try:
        with torch.device("meta"):
            return _shapes(type(model)._from_config(copy.deepcopy(model.config)))
    except ValueError:
        return None
