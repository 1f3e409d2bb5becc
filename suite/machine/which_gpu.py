"""Which GPUs the work runs on: the one place that answers it, by UUID, since torch and NVML number boards differently.

Before the work NVML is asked, with ``CUDA_VISIBLE_DEVICES`` read as CUDA reads it; torch will take the first board that
is let through, or all of them where a model may be spread. Torch itself is asked only in the process that measures: its
answer opens a CUDA context, which holds memory, keeps the GPU awake, and locks the points out of a GPU in exclusive
mode. The commands set ``CUDA_DEVICE_ORDER`` to ``PCI_BUS_ID``, without which a number means another board to CUDA than
to NVML where a machine's boards differ.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from suite.errors import InputError

VISIBLE = "CUDA_VISIBLE_DEVICES"
FIRST_BOARD = (0,)
"""The GPU that torch takes where nothing else is said, as torch numbers those that are visible."""


def visible_uuids() -> list[str]:
    """UUIDs of the boards that ``CUDA_VISIBLE_DEVICES`` lets through, all where it is not set.

    Raises:
        InputError: NVML finds no driver.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        remedy = "use device=cpu, without hydra/launcher=gpus"
        raise InputError("no NVIDIA GPU is found here", got=str(error), remedy=remedy) from None
    found = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        with contextlib.suppress(pynvml.NVMLError):  # another container's: CUDA does not number it either
            found.append(str(pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByIndex(index))))
    return let_through(found, os.environ.get(VISIBLE))


def let_through(uuids: Sequence[str], setting: str | None) -> list[str]:
    """Those of ``uuids`` (in bus order) that a value of ``CUDA_VISIBLE_DEVICES`` lets through.

    As CUDA does, it takes numbers, or UUIDs as far as they are unique, stops at the first entry that is neither, and
    lets nothing through where an entry repeats. A MIG slice goes by the name it has there.
    """
    if setting is None:
        return list(uuids)
    found: list[str] = []
    for entry in (text.strip() for text in setting.split(",")):
        chosen = _chosen(uuids, entry)
        if chosen is None:
            break
        if chosen in found:
            return []
        found.append(chosen)
    return found


def _chosen(uuids: Sequence[str], entry: str) -> str | None:
    if entry.isdigit():
        return uuids[int(entry)] if int(entry) < len(uuids) else None
    if entry.startswith("MIG-"):
        return entry
    fitting = [uuid for uuid in uuids if entry.startswith("GPU-") and uuid.startswith(entry)]
    return fitting[0] if len(fitting) == 1 else None


def uuids_before_work(*, spread: bool) -> list[str]:
    """UUIDs of the boards that torch may take, without opening a CUDA context: the first, or all where it is to spread.

    Raises:
        InputError: there is none, or none is let through.
    """
    visible = visible_uuids()
    if not visible:
        raise _none_visible()
    return visible if spread else visible[:1]


def free_bytes_before_work() -> dict[int, int]:
    """Free memory of every board that is let through, by torch's number, without opening a CUDA context.

    Raises:
        InputError: as for ``uuids_before_work``.
    """
    import pynvml

    handles = map(pynvml.nvmlDeviceGetHandleByUUID, uuids_before_work(spread=True))
    return {number: int(pynvml.nvmlDeviceGetMemoryInfo(handle).free) for number, handle in enumerate(handles)}


def name_before_work() -> str:
    """The product's name of the first of them.

    Raises:
        InputError: as for ``uuids_before_work``.
    """
    import pynvml

    (uuid,) = uuids_before_work(spread=False)
    return str(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByUUID(uuid)))


def uuids_at_work(boards: Sequence[int]) -> list[str]:
    """UUIDs of the boards with these numbers of torch's, as torch writes them. Opens a CUDA context.

    Raises:
        InputError: torch sees no GPU.
    """
    import torch

    if not torch.cuda.is_available():
        raise _none_visible()
    return [str(torch.cuda.get_device_properties(number).uuid) for number in boards]


def _none_visible() -> InputError:
    return InputError(
        "torch sees no GPU",
        got=f"{VISIBLE}={os.environ.get(VISIBLE)}",
        remedy="name a GPU there that nvidia-smi -L lists, or unset it, or give device=cpu",
    )
