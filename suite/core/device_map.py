"""Device map: which part of a model lies on which of several GPUs, placed by accelerate as transformers places models.

What is spread says so itself, in transformers' own attribute ``hf_device_map``, which copies keep. Each part runs where
it lies; accelerate moves what goes from one part to the next. Inputs and answers lie on the first GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from suite.errors import DoesNotFit, NotApplicable
from suite.machine.which_gpu import FIRST_BOARD
from suite.units import BYTES_PER_GB

WAYS = ("auto", "balanced", "balanced_low_0", "sequential")
"""What a user may ask for, in transformers' words. ``auto`` is ``balanced`` there, and here."""

Places = Mapping[str, int | str]
"""Module names to the numbers that torch gives GPUs."""


def places_of(model: Any) -> Places:
    """Where the parts of a model lie; nothing for one that lies on one device."""
    places: Places = getattr(model, "hf_device_map", None) or {}
    return places if _is_spread(places) else {}


def boards_of(model: Any) -> tuple[int, ...]:
    """The GPUs that a model on ``cuda`` works on: the first, where its inputs lie, and all that hold a part of it."""
    return tuple(sorted({*FIRST_BOARD, *(place for place in places_of(model).values() if isinstance(place, int))}))


def inferred(model: nn.Module, way: str, free_bytes: Mapping[int, int], dtype: torch.dtype) -> dict[str, int | str]:
    """Where the parts of a model go.

    Args:
        model: its parameters may hold nothing.
        way: one of ``WAYS``.
        free_bytes: of each GPU that may be used.
        dtype: that its weights are loaded in.

    Raises:
        DoesNotFit: all of these GPUs together have too little room for its weights.
    """
    from accelerate.utils import get_balanced_memory, infer_auto_device_map

    whole_blocks = sorted(getattr(model, "_no_split_modules", None) or ())
    room: dict[int | str, int] = {board: size for board, size in free_bytes.items()}  # noqa: C416
    room["cpu"] = 0
    if way != "sequential":
        low_zero = way == "balanced_low_0"
        room = get_balanced_memory(model, room, whole_blocks, dtype=dtype, low_zero=low_zero)
    places = infer_auto_device_map(model, dict(room), whole_blocks, dtype=dtype)
    if not all(isinstance(place, int) for place in places.values()):
        free = " + ".join(f"{size / BYTES_PER_GB:.3g}" for size in free_bytes.values())
        raise DoesNotFit(
            f"the model's weights do not fit on the GPUs with device_map={way}, of which {free} GB are free: let "
            "CUDA_VISIBLE_DEVICES show more of them, or use a smaller model"
        )
    return dict(places)


def place(model: nn.Module, places: Places) -> nn.Module:
    """Puts each part of ``model`` where ``places`` says, in place, and has inputs follow from one to the next.

    Raises:
        NotApplicable: there are parts of which it says nothing.
    """
    from accelerate import dispatch_model
    from accelerate.utils import check_device_map

    gather(model)
    known = {name: device for name, device in places.items() if _has(model, name)}
    try:
        check_device_map(model, known)
    except ValueError as error:
        what = str(error).rpartition(": ")[2][:200]
        raise NotApplicable(f"the model is spread over several GPUs, where there is no place for {what}") from error
    dispatch_model(
        model,
        known,
        main_device=next(iter(known.values())),
        skip_keys=getattr(model, "_skip_keys_device_placement", None),
        force_hooks=True,
    )
    _drop_warnings(model)
    model.hf_device_map = dict(known)  # type: ignore[assignment]
    return model


def gather(model: nn.Module) -> nn.Module:
    """Takes off what makes inputs follow, in place: the model may then be moved as a whole."""
    from accelerate.hooks import remove_hook_from_module

    remove_hook_from_module(model, recurse=True)
    return model


def move(model: nn.Module, device: str) -> nn.Module:
    """Moves ``model`` in place: one that is spread to its own places, where ``device`` is not the host's memory."""
    places = places_of(model)
    if not places:
        return model.to(device)
    return gather(model).to(device) if device == "cpu" else place(model, places)


def _is_spread(places: Places) -> bool:
    """A whole model on one device has one place, and lies on the first GPU where nothing else is asked for."""
    return len(places) > 1 or any(isinstance(place, int) and place not in FIRST_BOARD for place in places.values())


def _has(model: nn.Module, name: str) -> bool:
    try:
        model.get_submodule(name)
    except AttributeError:
        return name in dict(model.named_parameters())
    return True


def _drop_warnings(model: nn.Module) -> None:
    """Takes off accelerate's own ``to`` and ``cuda``: they belong to this model, and a copy's would move it instead."""
    for name in ("to", "cuda"):
        vars(model).pop(name, None)
