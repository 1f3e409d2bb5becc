"""Finds the parts of a transformer that techniques work on: its Linear layers, its blocks, its MLPs."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import torch
from torch import nn
from torch.sparse import SparseSemiStructuredTensor
from transformers.pytorch_utils import Conv1D

from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.toolkit import compiling

HEADS = frozenset({"classifier", "lm_head", "score", "qa_outputs", "embed_out"})
"""Names of output heads. They are small, they decide the answer, and every quantiser leaves them alone by default."""

ATTENTION = ("attention", "attn")
SIZE_NAMES = ("intermediate_size", "hidden_dim", "n_inner", "ffn_dim")
DEPTH_NAMES = ("num_hidden_layers", "n_layers", "n_layer")


def module_of(setup: Setup) -> nn.Module:
    """The setup's model as a torch module.

    Raises:
        NotApplicable: an earlier technique put something else in its place.
    """
    if not isinstance(setup.model, nn.Module):
        raise NotApplicable(f"the model is no torch module but {type(setup.model).__name__}: name this technique first")
    if compiling.is_compiled(setup.model):
        raise NotApplicable("the model is compiled already, and a copy of it would not be: name compile last")
    return setup.model


def editable_copy(setup: Setup) -> nn.Module:
    """A deep copy of the setup's model in which GPT-2's ``Conv1D`` layers are the equal ``nn.Linear`` layers.

    It lies on the setup's device, wherever the original's weights wait (two models may not fit there).

    Raises:
        NotApplicable: the model is no torch module.
    """
    model = copy.deepcopy(module_of(setup))
    vars(model).pop("_compiled_call", None)  # a decoding that transformers has compiled for the original's weights
    for name, module in list(model.named_modules()):
        if isinstance(module, Conv1D):
            model.set_submodule(name, _as_linear(module))
    return model.to(setup.device)


def _as_linear(conv: Conv1D) -> nn.Linear:
    inputs, outputs = conv.weight.shape
    linear = nn.Linear(inputs, outputs, device=conv.weight.device, dtype=conv.weight.dtype)
    linear.weight.data = conv.weight.data.t().contiguous()
    linear.bias.data = conv.bias.data
    return linear.train(conv.training)


def linears(model: nn.Module) -> dict[str, nn.Linear]:
    """All plain floating ``nn.Linear`` layers by name, in order, without the output head.

    Layers that are quantised already are no plain Linear and are left out; so is the output projection of
    ``nn.MultiheadAttention``, whose forward is never called.
    """
    outputs = _output_head(model)
    return {
        name: module
        for name, module in model.named_modules()
        if type(module) is nn.Linear
        and type(module.weight) is nn.Parameter
        and module.weight.is_floating_point()
        and module is not outputs
        and not HEADS.intersection(name.split("."))
    }


def _output_head(model: Any) -> Any:
    return model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None


def quantised_linears(model: nn.Module) -> list[str]:
    """Names of the Linear layers whose weights are not plain floating tensors."""
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and (type(module.weight) is not nn.Parameter or not module.weight.is_floating_point())
    ]


def require_float(setup: Setup) -> nn.Module:
    """The setup's model, if none of its layers is quantised or packed for sparse kernels.

    Raises:
        NotApplicable: it is no torch module, or its weights are no plain floating tensors any more.
    """
    model = module_of(setup)
    quantised = quantised_linears(model)
    if quantised:
        kind = type(model.get_submodule(quantised[0]).weight)
        what = "packed for sparse kernels" if issubclass(kind, SparseSemiStructuredTensor) else "quantised"
        raise NotApplicable(f"{len(quantised)} layers are {what} already (the first is {quantised[0]})")
    return model


def copy_to_quantise(setup: Setup) -> tuple[nn.Module, dict[str, nn.Linear]]:
    """A copy of the model and its Linear layers, for a technique that quantises weights.

    Quantised weights are frozen: such a technique says ``phase="inference"`` in its ``requires``.

    Raises:
        NotApplicable: the model is quantised already or has no such layer.
    """
    require_float(setup)
    model = editable_copy(setup)
    layers = linears(model)
    if not layers:
        raise NotApplicable("the model has no Linear layer besides its output head")
    return model, layers


def convert_float(model: nn.Module, dtype: torch.dtype) -> None:
    """Casts parameters and saved buffers in place.

    Buffers that are not saved (rotary frequencies) keep their precision, as they do in ``from_pretrained``;
    ``module.to`` would round them.
    """
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.is_floating_point():
                parameter.data = parameter.data.to(dtype)
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_floating_point() and name not in module._non_persistent_buffers_set:
                setattr(module, name, buffer.to(dtype))
    if hasattr(model, "config"):
        model.config.dtype = dtype


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blocks:
    """The model's stack of equal transformer blocks: where it hangs, and what is in it."""

    name: str
    modules: nn.ModuleList


def blocks(model: nn.Module) -> Blocks:
    """The longest list of modules of one class.

    Raises:
        NotApplicable: there is none, or two lists are equally long (encoder and decoder).
    """
    found = [
        Blocks(name=name, modules=module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len({type(block) for block in module}) == 1
    ]
    longest = max((len(candidate.modules) for candidate in found), default=0)
    chosen = [candidate for candidate in found if len(candidate.modules) == longest]
    if not longest:
        raise NotApplicable("the model has no stack of equal blocks")
    if len(chosen) > 1:
        raise NotApplicable(f"the model has two stacks of {longest} blocks: {chosen[0].name} and {chosen[1].name}")
    return chosen[0]


def keep_blocks(model: nn.Module, kept: list[int]) -> None:
    """Drops all blocks but ``kept`` (ascending) in place; renumbers them and mends the config.

    Raises:
        NotApplicable: the config does not name the number of blocks.
    """
    stack = blocks(model)
    config = _config(model)
    depth = next((name for name in DEPTH_NAMES if getattr(config, name, None) == len(stack.modules)), None)
    if depth is None:
        raise NotApplicable(f"the config does not name the {len(stack.modules)} blocks of {stack.name}")
    shorter = nn.ModuleList(stack.modules[index] for index in kept)
    for number, block in enumerate(shorter):
        for part in block.modules():
            if isinstance(getattr(part, "layer_idx", None), int):  # the place in the key-value cache
                setattr(part, "layer_idx", number)  # noqa: B010  # modules type their attributes as tensors
    model.set_submodule(stack.name, shorter)
    for name, value in list(vars(config).items()):  # one entry a block: layer_types and its like
        if isinstance(value, list) and len(value) == len(stack.modules) and "layer" in name:
            setattr(config, name, [value[index] for index in kept])
    setattr(config, depth, len(kept))


def _config(model: nn.Module) -> Any:
    """The config that describes the blocks (of a composite model, its text part)."""
    config: Any = getattr(model, "config", None)
    return config.get_text_config() if hasattr(config, "get_text_config") else config


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mlp:
    """The feed-forward part of one block: ``down(act(up(x)))`` or ``down(act(gate(x)) * up(x))``.

    Attributes:
        size: its channels.
        down: ``size`` to hidden.
        ups: hidden to ``size``, one or two of them; or a single fused one of ``2 * size`` rows, gate and up stacked.
        fused: whether it is the fused kind.
    """

    size: int
    down: nn.Linear
    ups: list[nn.Linear]
    fused: bool

    def importance(self) -> torch.Tensor:
        """The weight of each channel, ``(size,)``: the norm of its rows going up times that of its column going down.

        With a gate it is the product of the three norms.
        """
        score: torch.Tensor = self.down.weight.detach().float().norm(dim=0)
        for up in self.ups:
            for rows in up.weight.detach().float().split(self.size):
                score = score * rows.norm(dim=1)
        return score

    def keep(self, channels: torch.Tensor) -> None:
        """Cuts the layers down to ``channels`` (ascending indices), in place."""
        rows = torch.cat([channels, channels + self.size]) if self.fused else channels
        for up in self.ups:
            up.weight = nn.Parameter(up.weight.detach()[rows].contiguous(), requires_grad=up.weight.requires_grad)
            if up.bias is not None:
                up.bias = nn.Parameter(up.bias.detach()[rows].contiguous(), requires_grad=up.bias.requires_grad)
            up.out_features = len(rows)
        weight = self.down.weight
        self.down.weight = nn.Parameter(weight.detach()[:, channels].contiguous(), requires_grad=weight.requires_grad)
        self.down.in_features = len(channels)


def mlps(model: nn.Module) -> list[Mlp]:
    """The MLP of every block, all of the same size.

    Raises:
        NotApplicable: it cannot be told which layers they are.
    """
    _, size = mlp_size(model)
    stack = blocks(model)
    return [_mlp_of(block, size, f"{stack.name}.{number}") for number, block in enumerate(stack.modules)]


def _mlp_of(block: nn.Module, size: int, name: str) -> Mlp:
    outside = {path: part for path, part in block.named_modules() if not any(word in path for word in ATTENTION)}
    layers = [part for part in outside.values() if type(part) is nn.Linear and type(part.weight) is nn.Parameter]
    downs = [layer for layer in layers if layer.in_features == size]
    ups = [layer for layer in layers if layer.out_features == size]
    fused = [layer for layer in layers if layer.out_features == 2 * size]
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


def mlp_size(model: nn.Module) -> tuple[str, int]:
    """The config's entry for the channels of an MLP, and their number.

    Raises:
        NotApplicable: there is none, or not the same for all blocks.
    """
    config = _config(model)
    for name in SIZE_NAMES:
        value = getattr(config, name, None)
        if isinstance(value, int):
            return name, value
    if hasattr(config, "n_inner") and isinstance(getattr(config, "n_embd", None), int):
        return "n_inner", 4 * config.n_embd  # GPT-2: no value means four times the width
    raise NotApplicable("the config names no one MLP size")


def set_mlp_size(model: nn.Module, size: int) -> None:
    """Writes the new MLP size into the config and wherever a module repeats it, so that a saved copy loads again."""
    name, old = mlp_size(model)
    setattr(_config(model), name, size)
    for module in model.modules():
        if getattr(module, "intermediate_size", None) == old:
            setattr(module, "intermediate_size", size)  # noqa: B010  # modules type their attributes as tensors
