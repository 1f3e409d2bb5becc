"""Which device the work runs on."""

from __future__ import annotations

import torch

from suite.errors import InputError


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
