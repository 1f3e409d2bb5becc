"""What a technique did, as seen on the setups before and after it, never as configured."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn
from torch.sparse import SparseSemiStructuredTensor
from transformers.pytorch_utils import Conv1D

from suite.checkpoints.hub import first_line
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NoEffect, NotApplicable

BITS_4 = ("nf4", "fp4")
PRODUCTS = (nn.Linear, Conv1D)
"""Layers that multiply by a matrix; GPT-2's is stored the other way round."""
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
PROBE_SAMPLES = 8


@runtime_checkable
class HasStatistics(Protocol):
    """A model that is no torch module and tells its weights itself."""

    def statistics(self) -> dict[str, Any]:
        """What ``snapshot`` says of the weights."""


def snapshot(setup: Setup) -> dict[str, Any]:
    """The setup in figures.

    Returns:
        ``batch_size``; ``dtype``; ``parameters``: weights counted once, however they are stored; ``bytes`` of all
        parameters and buffers as stored, scales included; ``dtypes``: share of the parameters by how they are
        stored; ``quantised_share``: share of the Linear layers' weights in 8 bits or fewer;
        ``quantised_share_of_all``: the same of all parameters (embeddings, convolutions, the experts of a mixture);
        ``sparsity``: share of exact zeros in the weights of Linear layers and convolutions (those in fewer than 8 bits
        left out), None if there are none.
    """
    figures = {"batch_size": setup.batch_size, "dtype": setup.dtype}
    if isinstance(setup.model, nn.Module):
        return figures | _module_statistics(setup.model)
    if isinstance(setup.model, HasStatistics):
        return figures | setup.model.statistics()
    raise TypeError(f"a model must be a torch module or have statistics(): {type(setup.model).__name__}")


def _module_statistics(model: nn.Module) -> dict[str, Any]:
    stored: Counter[str] = Counter()
    quantised = 0
    for parameter in model.parameters():
        count = logical_count(parameter)
        stored[stored_dtype(parameter)] += count
        quantised += count if _is_quantised(parameter) else 0
    total = sum(stored.values())
    linear = _weights(model, PRODUCTS)
    in_linear = sum(logical_count(weight) for weight in linear)
    small = sum(logical_count(weight) for weight in linear if _is_quantised(weight))
    return {
        "parameters": total,
        "bytes": model_bytes(model),
        "dtypes": {name: count / total for name, count in sorted(stored.items())},
        "quantised_share": small / in_linear if in_linear else 0.0,
        "quantised_share_of_all": quantised / total if total else 0.0,
        "sparsity": _sparsity([*linear, *_weights(model, CONVOLUTIONS)]),
    }


def _weights(model: nn.Module, kinds: tuple[type[nn.Module], ...]) -> list[torch.Tensor]:
    """Of all layers of these kinds, each once however often it is used."""
    parts: list[Any] = [part for part in model.modules() if isinstance(part, kinds)]
    return list({id(part.weight): part.weight for part in parts}.values())


def model_bytes(model: nn.Module) -> int:
    """Bytes of all weights, buffers, scales and quantisation tables that the model holds; shared ones count once."""
    seen: dict[tuple[int, int, torch.dtype], int] = {}
    for tensor in _tensors(model):
        for plain in _plain(tensor):
            if plain.numel():
                seen[(plain.data_ptr(), plain.numel(), plain.dtype)] = plain.numel() * plain.element_size()
    return sum(seen.values())


def _tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    yield from model.parameters()
    yield from model.buffers()
    for module in model.modules():
        weight = getattr(module, "weight", None)
        # bitsandbytes keeps scales beside the weight: on it at first, on the layer's state after the first forward.
        for holder in (weight, getattr(module, "state", None)):
            for name in ("CB", "SCB"):
                value = getattr(holder, name, None)
                if isinstance(value, torch.Tensor):
                    yield value
        state = getattr(weight, "quant_state", None)
        while state is not None:  # the second state holds the scales of the scales
            yield from (value for value in vars(state).values() if isinstance(value, torch.Tensor))
            state = getattr(state, "state2", None)


def _plain(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """The plain tensors inside a tensor subclass that wraps others (torchao, quanto); else the tensor itself."""
    if not hasattr(tensor, "__tensor_flatten__"):
        yield tensor
        return
    names, _ = tensor.__tensor_flatten__()
    for name in names:
        inner = getattr(tensor, name)
        if inner is not None:
            yield from _plain(inner)


def _largest(weight: torch.Tensor) -> torch.Tensor:
    """The plain tensor with the values, as against those with scales."""
    return max(_plain(weight), key=lambda plain: plain.numel())


def logical_count(weight: torch.Tensor) -> int:
    """Number of weights, however they are packed."""
    state = getattr(weight, "quant_state", None)
    shape = weight.shape if state is None else state.shape
    return int(torch.Size(shape).numel())


def stored_dtype(weight: torch.Tensor) -> str:
    """How a weight is stored, e.g. ``float32``, ``int8`` or ``nf4``."""
    state = getattr(weight, "quant_state", None)
    if state is not None:
        return str(state.quant_type)
    values = _largest(weight)
    if _is_packed(weight):
        return f"int{round(8 * values.nbytes / logical_count(weight))}"
    return str(values.dtype).removeprefix("torch.")


def _is_packed(weight: torch.Tensor) -> bool:
    """True where one stored integer holds several weights (torchao packs eight of 4 bits into an int32)."""
    values = _largest(weight)
    return not values.is_floating_point() and values.numel() < logical_count(weight)


def _is_quantised(weight: torch.Tensor) -> bool:
    name = stored_dtype(weight)
    return name in BITS_4 or not _largest(weight).is_floating_point() or name.startswith("float8")


def _sparsity(weights: list[torch.Tensor]) -> float | None:
    zeros = total = 0
    for weight in weights:
        if stored_dtype(weight) in BITS_4 or _is_packed(weight):
            continue
        values = _values(weight.detach())
        zeros += values.numel() - int((values != 0).sum())  # count_nonzero knows no 8-bit floats
        total += values.numel()
    return zeros / total if total else None


def _values(weight: torch.Tensor) -> torch.Tensor:
    """The weights one by one, as stored; 2:4 weights as their sparse kernel multiplies them (its format is opaque)."""
    if not isinstance(weight, SparseSemiStructuredTensor):
        return _largest(weight)
    identity = torch.eye(weight.shape[1], dtype=weight.dtype, device=weight.device)
    return torch.nn.functional.linear(identity, weight)


def observed_dtypes(setup: Setup, batch: Batch) -> dict[str, int]:
    """How many Linear layers gave an output of which dtype while the model really answered ``batch``."""
    seen: Counter[str] = Counter()

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        seen[str(output.dtype).removeprefix("torch.")] += 1

    with hooks(part.register_forward_hook(note) for part in setup.model.modules() if isinstance(part, PRODUCTS)):
        _answer(setup, batch)
    return dict(sorted(seen.items()))


def observed_dims(setup: Setup, batch: Batch) -> dict[str, int]:
    """The most dimensions of the input of each module that was called while the model really answered ``batch``."""
    seen: dict[str, int] = {}

    def note(name: str, inputs: Any) -> None:
        dims = max((value.dim() for value in inputs if isinstance(value, torch.Tensor)), default=0)
        seen[name] = max(seen.get(name, 0), dims)

    with hooks(
        part.register_forward_pre_hook(lambda _, inputs, name=name: note(name, inputs))
        for name, part in setup.model.named_modules()
    ):
        _answer(setup, batch)
    return seen


@contextlib.contextmanager
def hooks(handles: Iterable[Any]) -> Iterator[None]:
    """Removes the ``handles`` of hooks at the end."""
    made = list(handles)
    try:
        yield
    finally:
        for handle in made:
            handle.remove()


def _answer(setup: Setup, batch: Batch) -> None:
    with setup.active():
        setup.task.call(setup.model, batch)


def require_answer(setup: Setup, how: str) -> None:
    """Passes where the model answers a few training samples.

    Args:
        setup: after a change that not every architecture bears.
        how: the change, as the end of a sentence.

    Raises:
        NotApplicable: it does not, in the words of the library that refuses.
    """
    try:
        _answer(setup, probe_batch(setup))
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        raise NotApplicable(f"{architecture(setup)} does not run {how}: {first_line(error)}") from error


def architecture(setup: Setup) -> str:
    """The class of the model."""
    return type(setup.model).__name__


def probe_batch(setup: Setup) -> Batch:
    """A few samples as the model gets them."""
    return setup.task.batch(setup, setup.task.samples(PROBE_SAMPLES))


def changes(before: Setup, after: Setup) -> dict[str, Any]:
    """The snapshots of both setups: the part that every technique's ``proof`` has."""
    return {"before": snapshot(before), "after": snapshot(after)}


def require(changed: bool, promise: str, seen: dict[str, Any]) -> dict[str, Any]:
    """``seen``, if what the technique promises has ``changed``.

    Raises:
        NoEffect: it has not.
    """
    if not changed:
        raise NoEffect(f"applied, but {promise}")
    return seen


def require_quantised(before: Setup, after: Setup) -> dict[str, Any]:
    """The changes, if more of the Linear weights are quantised than before and the model got smaller.

    Raises:
        NoEffect: otherwise.
    """
    seen = changes(before, after)
    more = seen["after"]["quantised_share"] > seen["before"]["quantised_share"]
    require(more, "no Linear layer's weights became integers", seen)
    return require(seen["after"]["bytes"] < seen["before"]["bytes"], "the model did not get smaller", seen)
