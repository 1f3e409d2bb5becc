"""Which device the work runs on."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from suite.errors import InputError
from suite.machine.which_gpu import FIRST_BOARD


def device_meant(wanted: str) -> str:
    """``cpu`` or ``cuda``: what ``wanted`` means here; ``auto`` takes CUDA where torch can use it.

    Raises:
        InputError: it is no device, or this machine has none.
    """
    available = torch.cuda.is_available()
    if wanted == "auto":
        return "cuda" if available else "cpu"
    if wanted not in ("cpu", "cuda"):
        raise InputError(
            "device must be auto, cpu or cuda", got=wanted, remedy="choose one; CUDA_VISIBLE_DEVICES picks"
        )
    if wanted == "cuda" and not available:
        raise InputError(
            "this machine has no CUDA device that torch can use",
            got=wanted,
            remedy="use device=cpu, or see suite.doctor",
        )
    return wanted


def boards_meant(device: str, wanted: Sequence[int] | None) -> tuple[int, ...]:
    """Numbers of the GPUs that are worked on, as torch numbers them: ``wanted``, or torch's current one.

    Raises:
        InputError: none is named, one twice, or one that is not there.
    """
    if device != "cuda":
        return FIRST_BOARD
    if wanted is None:
        return (torch.cuda.current_device(),)
    count = torch.cuda.device_count()
    if not wanted or len(set(wanted)) < len(wanted) or not all(0 <= number < count for number in wanted):
        remedy = f"name numbers from 0 to {count - 1}, each once"
        raise InputError("boards must be GPUs that torch sees", got=list(wanted), remedy=remedy)
    return tuple(wanted)
