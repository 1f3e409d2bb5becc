"""Finds and copies the layers that techniques work on: products, convolutions, and the head that is left alone."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.sparse import SparseSemiStructuredTensor
from transformers.pytorch_utils import Conv1D

from suite.core import device_map
from suite.core.setup import Setup, nothing_kept
from suite.errors import NotApplicable
from suite.toolkit import compiling, effect

HEADS = frozenset({"classifier", "lm_head", "score", "qa_outputs", "embed_out"})
"""Names of output heads, where a model does not tell its backbone from them."""
LINEAR_BY_ANOTHER_NAME = frozenset({"FalconLinear"})
"""Subclasses of ``nn.Linear`` in transformers that compute what it does, written otherwise."""
MOSTLY = 0.5
"""Share of its parameters in convolutions from which on a model is one of convolutions."""


def module_of(setup: Setup) -> nn.Module:
    """The setup's model as a torch module.

    Raises:
        NotApplicable: an earlier technique put something else in its place.
    """
    if setup.engine is not None:
        raise NotApplicable("an engine has the model to itself: name continuous_batching last")
    if setup.forget is not nothing_kept:
        raise NotApplicable("answers of this model are kept, and another one's would not be: name response_cache last")
    if not isinstance(setup.model, nn.Module):
        raise NotApplicable(f"the model is no torch module but {type(setup.model).__name__}: name this technique first")
    if compiling.is_compiled(setup.model):
        raise NotApplicable("the model is compiled already, and a copy of it would not be: name compile last")
    return setup.model


def editable_copy(setup: Setup) -> nn.Module:
    """A deep copy of the setup's model, of the same layers: the candidate differs by what the technique does, only.

    It lies on the setup's device, or is spread as the original, wherever the original's weights wait (two models may
    not fit there).

    Raises:
        NotApplicable: the model is no torch module.
    """
    model = copy.deepcopy(module_of(setup))
    vars(model).pop("_compiled_call", None)  # a decoding that transformers has compiled for the original's weights
    return device_map.move(model, setup.device)


def sharing_copy(model: nn.Module) -> nn.Module:
    """A copy that holds the same parameters, not copies of them: for changes of anything else, at no cost in memory."""
    made = copy.deepcopy(model, {id(weight): weight for weight in model.parameters()})
    vars(made).pop("_compiled_call", None)
    return made


def copy_to_quantise(setup: Setup, *, most_dims: int | None = None) -> tuple[nn.Module, dict[str, nn.Linear]]:
    """A copy of the model and the layers of it whose weights a technique may put others in the place of, by name.

    GPT-2's ``Conv1D`` and Falcon's own Linear layers are ``nn.Linear`` in it, as libraries want them: these layers are
    replaced by the technique anyway. Left out are the head, a layer whose weight the model multiplies by itself instead
    of calling the layer (Mamba's ``dt_proj``), and one that transformers keeps in floating point whenever it quantises
    (T5 casts its activations to the dtype of ``wo``, whatever is packed there). Quantised weights are frozen: such a
    technique says ``phase="inference"`` in its ``requires``.

    Args:
        setup: that the technique starts from.
        most_dims: dimensions that a layer's input may have; None for any number.

    Raises:
        NotApplicable: the model is quantised already or has no such layer.
    """
    require_float(setup)
    model = editable_copy(setup)
    for name, module in list(model.named_modules()):
        if isinstance(module, Conv1D) or type(module).__name__ in LINEAR_BY_ANOTHER_NAME:
            model.set_submodule(name, _as_linear(module))
    found = linears(model)
    if not found:
        raise NotApplicable(f"the model has no Linear layer besides its output head{_but_convolutions(model)}")
    here = setup.replace(model=model)  # the copy lies on the device; the original may wait in the host's memory
    dims = effect.observed_dims(here, effect.probe_batch(here))
    kept = set(getattr(model, "_keep_in_fp32_modules", None) or ())
    called = {
        name: layer
        for name, layer in found.items()
        if (name in dims or name.rpartition(".")[0] not in dims) and kept.isdisjoint(name.split("."))
    }
    chosen = {name: layer for name, layer in called.items() if most_dims is None or dims.get(name, 0) <= most_dims}
    if not chosen:
        what = f"all Linear layers of the model get inputs of more than {most_dims} dimensions"
        raise NotApplicable(f"{what}, which the library of this technique does not take")
    return model, chosen


def _as_linear(layer: Any) -> nn.Linear:
    weight = matrix(layer).detach()
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=layer.bias is not None, device="meta")
    linear.weight = nn.Parameter(weight.contiguous(), requires_grad=layer.weight.requires_grad)
    linear.bias = layer.bias
    return linear.train(layer.training)


def _but_convolutions(model: nn.Module) -> str:
    share = convolved_share(model)
    if share < MOSTLY:
        return ""
    return (
        f": {100 * share:.0f} % of its parameters are in convolutions, and what is quantised here are matrix products; "
        "int8_static (static quantisation) covers convolutions"
    )


def convolved_share(model: nn.Module) -> float:
    """Share of the parameters that are weights of convolutions."""
    convolved = sum(part.weight.numel() for part in model.modules() if isinstance(part, effect.CONVOLUTIONS))
    return convolved / sum(weight.numel() for weight in model.parameters())


def is_product(module: nn.Module) -> bool:
    """Whether ``module`` multiplies by a plain floating matrix: Linear, GPT-2's Conv1D, Falcon's own Linear.

    The output projection of ``nn.MultiheadAttention`` is of another class, and its forward is never called.
    """
    known = type(module) in (nn.Linear, Conv1D) or type(module).__name__ in LINEAR_BY_ANOTHER_NAME
    return known and _is_plain(module)


def _is_plain(module: Any) -> bool:
    return type(module.weight) is nn.Parameter and module.weight.is_floating_point()


def matrix(layer: Any) -> torch.Tensor:
    """The weight of a product as ``nn.Linear`` has it, ``(outputs, inputs)``; a view."""
    weight: torch.Tensor = layer.weight
    return weight.t() if isinstance(layer, Conv1D) else weight


def cut(layer: Any, *, outputs: torch.Tensor | None = None, inputs: torch.Tensor | None = None) -> None:
    """Cuts a product down to these of its outputs, with their bias, or of its inputs (ascending indices), in place."""
    weight = matrix(layer).detach()
    weight = weight if outputs is None else weight[outputs]
    weight = weight if inputs is None else weight[:, inputs]
    stored = weight.t() if isinstance(layer, Conv1D) else weight
    layer.weight = nn.Parameter(stored.contiguous(), requires_grad=layer.weight.requires_grad)
    if outputs is not None and layer.bias is not None:
        layer.bias = nn.Parameter(layer.bias.detach()[outputs].contiguous(), requires_grad=layer.bias.requires_grad)
    names = ("nf", "nx") if isinstance(layer, Conv1D) else ("out_features", "in_features")
    for name, size in zip(names, weight.shape, strict=True):
        setattr(layer, name, size)


def linears(model: nn.Module) -> dict[str, nn.Linear]:
    """All plain floating ``nn.Linear`` layers by name, in order, without the output head.

    Layers that are quantised already are no plain Linear and are left out.
    """
    return {name: part for name, part in _without_head(model).items() if type(part) is nn.Linear and is_product(part)}


def weighted(model: nn.Module) -> dict[str, Any]:
    """All layers with plain floating weights to multiply by, products and convolutions, without the output head.

    A convolution of another forward (BiT standardises its weights first) is left out.
    """

    def is_convolution(part: nn.Module) -> bool:
        return any(type(part).forward is kind.forward for kind in effect.CONVOLUTIONS) and _is_plain(part)

    return {name: part for name, part in _without_head(model).items() if is_product(part) or is_convolution(part)}


def heads(model: Any) -> list[str]:
    """Names of the modules that make the output head: they decide the answer, and quantisers leave them alone.

    A transformers model names its backbone (``base_model``), and what stands beside that is the head, whatever it is
    called. Where the backbone is no part of its own (CLIP's image classifier), ``HEADS`` are looked for.
    """
    backbone = getattr(model, "base_model", None)
    children = dict(model.named_children())
    beside = [name for name in children if children[name] is not backbone] if backbone in children.values() else []
    output = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    named = [
        name
        for name, part in model.named_modules()
        if (part is output and output is not None) or name.rpartition(".")[2] in HEADS
    ]
    return list(dict.fromkeys([*beside, *named]))


def _without_head(model: nn.Module) -> dict[str, nn.Module]:
    left_out = heads(model)
    return {
        name: part
        for name, part in model.named_modules()
        if not any(name == head or name.startswith(f"{head}.") for head in left_out)
    }


def quantised_linears(model: nn.Module) -> list[str]:
    """Names of the Linear layers whose weights are not plain floating tensors."""
    return [name for name, part in model.named_modules() if isinstance(part, nn.Linear) and not _is_plain(part)]


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


def convert_float(model: nn.Module, dtype: torch.dtype) -> None:
    """Casts parameters and buffers in place.

    Buffers that are not saved get the dtype in which the model's own class makes them where its weights are in
    ``dtype``, as ``from_pretrained`` does: rotary frequencies stay in float32 (``module.to`` would round them), what is
    multiplied with weights (Swin v2's table of coordinates) follows them.
    """
    unsaved = _unsaved_dtypes(model, dtype)
    for path, module in model.named_modules():
        for parameter in module.parameters(recurse=False):
            if parameter.is_floating_point():
                parameter.data = parameter.data.to(dtype)
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_floating_point():
                setattr(module, name, buffer.to(unsaved.get(f"{path}.{name}", dtype)))
    if hasattr(model, "config"):
        model.config.dtype = dtype


def _unsaved_dtypes(model: Any, dtype: torch.dtype) -> dict[str, torch.dtype]:
    """Dtypes of the buffers that are not saved, as a new model of the same class has them; no weight is made."""
    unsaved = {
        f"{path}.{name}": module.get_buffer(name)
        for path, module in model.named_modules()
        for name in module._non_persistent_buffers_set
        if module._buffers.get(name) is not None
    }
    if not hasattr(model, "_from_config"):
        return {name: buffer.dtype for name, buffer in unsaved.items()}
    if all(buffer.dtype == dtype for buffer in unsaved.values()):
        return {}
    with torch.device("meta"):
        made = dict(type(model)._from_config(copy.deepcopy(model.config), dtype=dtype).named_buffers())
    return {name: made.get(name.removeprefix("."), buffer).dtype for name, buffer in unsaved.items()}
