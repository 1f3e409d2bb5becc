"""Which techniques can run here. Tried by importing their libraries and asking for the device; no model is loaded."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from pathlib import Path
from typing import Any

from suite.errors import NotApplicable
from suite.toolkit import libraries


@dataclasses.dataclass(frozen=True)
class Needs:
    """What a technique asks of the machine.

    Attributes:
        modules: import name and distribution of each library.
        cuda: it works on a GPU only.
        capability: the least compute capability where it runs on a GPU.
        cpu_only: it works on a CPU only.
        note: what to know where it can run.
    """

    modules: tuple[tuple[str, str], ...] = ()
    cuda: bool = False
    capability: tuple[int, int] | None = None
    cpu_only: bool = False
    note: str = ""


_BITSANDBYTES = (("bitsandbytes.nn", "bitsandbytes"),)
_TORCHAO = (("torchao.quantization", "torchao"),)

NEEDS: dict[str, Needs] = {
    "int8_bitsandbytes": Needs(modules=_BITSANDBYTES),
    "nf4": Needs(modules=_BITSANDBYTES),
    "int8_dynamic": Needs(modules=_TORCHAO, capability=(8, 0)),
    "int8_weight_only": Needs(modules=_TORCHAO),
    "int8_quanto": Needs(modules=(("optimum.quanto", "optimum-quanto"),)),
    "int8_onnxruntime": Needs(modules=(("onnx", "onnx"), ("onnxruntime", "onnxruntime")), cpu_only=True),
    "tf32": Needs(cuda=True, capability=(8, 0)),
    "bf16": Needs(capability=(8, 0)),
    "autocast_bf16": Needs(capability=(8, 0)),
    "gradient_checkpointing": Needs(note="with workload=training_steps"),
    "checkpoint": Needs(note="with mitigation.checkpoint.path"),
}
"""A technique that is not here needs nothing beyond torch."""


def techniques(conf: Path, cuda: dict[str, Any]) -> list[dict[str, Any]]:
    """Each technique of ``conf`` with ``runs``, the ``reason`` why not, and its libraries' versions."""
    names = sorted(file.stem for file in conf.glob("*.yaml") if file.stem != "none")
    return [state(name, NEEDS.get(name, Needs()), cuda) for name in names]


def state(name: str, needs: Needs, cuda: dict[str, Any]) -> dict[str, Any]:
    """Can this technique run on this machine's better device (the GPU where torch can use one)?"""
    reason = _device_reason(needs, cuda)
    versions: dict[str, str] = {}
    for module, distribution in needs.modules:
        try:
            libraries.load(module)
            versions[distribution] = importlib.metadata.version(distribution)
        except NotApplicable as error:
            reason = reason or str(error)
        except importlib.metadata.PackageNotFoundError:
            reason = reason or f"{distribution} is not installed"
    note = needs.note
    if reason is None and needs.cpu_only and cuda["usable"]:
        note = "with device=cpu"
    return {"name": name, "runs": reason is None, "reason": reason, "note": note, "libraries": versions}


def _device_reason(needs: Needs, cuda: dict[str, Any]) -> str | None:
    if not cuda["usable"]:
        return f"needs CUDA: {cuda['reason']}" if needs.cuda else None
    found = tuple(cuda["capability"])
    if needs.capability is not None and found < needs.capability:
        wanted = ".".join(map(str, needs.capability))
        return f"needs compute capability {wanted}, this GPU has {'.'.join(map(str, found))}"
    return None
