"""The stack of equal transformer blocks of a model: where it hangs, and how to drop some of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import nn

from suite.errors import NotApplicable

DEPTH_NAMES = ("num_hidden_layers", "n_layers", "n_layer")
PLACE_NAMES = ("layer_idx", "layer_id")
"""How a block's parts name its place in the stack, which is that in the key-value cache."""
PER_BLOCK = ("attention_window",)
"""Entries of configs with one value a block that have no ``layer`` in their name (Longformer's)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blocks:
    """The model's stack of equal transformer blocks: where it hangs, and what is in it."""

    name: str
    modules: nn.ModuleList


def stack_of(model: nn.Module) -> Blocks:
    """The longest list of modules of one class and width that is no part of another list.

    Raises:
        NotApplicable: there is none, there are stages of different widths (Swin, ConvNeXt) in its place, or two lists
            are equally long (encoder and decoder).
    """
    found = [Blocks(name=name, modules=part) for name, part in _outer_lists(model).items() if _is_of_one_class(part)]
    stages = [candidate for candidate in found if not _is_of_one_width(candidate.modules)]
    equal = [candidate for candidate in found if candidate not in stages]
    longest = max((len(candidate.modules) for candidate in equal), default=0)
    wider = [candidate for candidate in stages if len(candidate.modules) >= longest]
    if wider:
        number, name = len(wider[0].modules), wider[0].name
        raise NotApplicable(
            f"the model is made of {number} stages or blocks of different widths ({name}), not of equal blocks"
        )
    if not longest:
        raise NotApplicable("the model has no stack of equal blocks")
    chosen = [candidate for candidate in equal if len(candidate.modules) == longest]
    if len(chosen) > 1:
        raise NotApplicable(f"the model has two stacks of {longest} blocks: {chosen[0].name} and {chosen[1].name}")
    return chosen[0]


def _outer_lists(model: nn.Module) -> dict[str, nn.ModuleList]:
    """Lists of modules that stand in no other list: not the experts in a block, not the blocks in a stage."""
    found: dict[str, nn.ModuleList] = {}
    for name, part in model.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in found)
        if isinstance(part, nn.ModuleList) and len(part) and not inside:
            found[name] = part
    return found


def _is_of_one_class(modules: nn.ModuleList) -> bool:
    return len({type(part) for part in modules}) == 1


def _is_of_one_width(modules: nn.ModuleList) -> bool:
    """Whether parameters of one name have one shape in all of ``modules``; one may have some that others have not."""
    shapes: dict[str, torch.Size] = {}
    return all(
        shapes.setdefault(name, weight.shape) == weight.shape
        for part in modules
        for name, weight in part.named_parameters()
    )


def depth_of(model: nn.Module) -> int:
    """The number of blocks.

    Raises:
        NotApplicable: as ``stack_of``; or the config does not name that number.
    """
    stack = stack_of(model)
    _depth_name(model, stack)
    return len(stack.modules)


def _depth_name(model: nn.Module, stack: Blocks) -> str:
    config, depth = configs_of(model, stack)[0], len(stack.modules)
    named = {name: value for name in DEPTH_NAMES if isinstance(value := getattr(config, name, None), int)}
    for name, value in named.items():
        if value == depth:
            return name
    if depth == 1 and named:
        raise NotApplicable(f"the {max(named.values())} layers of the model share one block ({stack.name})")
    raise NotApplicable(f"the config does not name the {depth} blocks of {stack.name}")


def spaced(depth: int, kept: int) -> list[int]:
    """``kept`` block numbers of ``depth``, evenly spaced, first and last included; the first if only one is kept."""
    if kept == 1:
        return [0]
    return [round(index * (depth - 1) / (kept - 1)) for index in range(kept)]


def keep_blocks(model: nn.Module, kept: list[int]) -> None:
    """Drops all blocks but ``kept`` (ascending) in place; renumbers them and mends the config.

    Raises:
        NotApplicable: the config does not name the number of blocks.
    """
    stack = stack_of(model)
    depth = _depth_name(model, stack)
    shorter = nn.ModuleList(stack.modules[index] for index in kept)
    for number, block in enumerate(shorter):
        for part in block.modules():
            for name in PLACE_NAMES:
                if isinstance(getattr(part, name, None), int):
                    setattr(part, name, number)
    configs = configs_of(model, stack)  # while the stack still hangs where it did
    model.set_submodule(stack.name, shorter)
    for config in configs:
        _shorten(config, depth, len(stack.modules), kept)


def _shorten(config: Any, depth: str, blocks: int, kept: list[int]) -> None:
    for name, value in list(vars(config).items()):  # one entry a block: layer_types and its like
        if isinstance(value, list) and len(value) == blocks and ("layer" in name or name in PER_BLOCK):
            setattr(config, name, [value[index] for index in kept])
    if hasattr(config, "attention_types"):  # GPT-Neo writes its attention_layers once more, as runs of equal ones
        config.attention_types = [[[kind], 1] for kind in config.attention_layers]
    setattr(config, depth, len(kept))


def configs_of(model: nn.Module, stack: Blocks) -> list[Any]:
    """The configs that describe the blocks, the nearest first: that of the module they hang in, and the saved one.

    The saved one is the model's, or, in a model of several parts, its part of the same kind (CLIP's vision_config).
    """
    path = stack.name.split(".")[:-1]
    above = [model.get_submodule(".".join(path[:length])) for length in range(len(path), -1, -1)]
    nearest: Any = next((part.config for part in above if hasattr(part, "config")), None)
    whole: Any = getattr(model, "config", None)
    parts = [whole, *(getattr(whole, name, None) for name in getattr(whole, "sub_configs", {}))]
    saved = next((part for part in parts if type(part) is type(nearest)), nearest)
    return [nearest] if saved is nearest else [nearest, saved]
