"""Techniques that go wrong, each in its own way; configs in tests name them by ``_target_``."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault(Mitigation):
    """Goes wrong as ``how`` says."""

    source: ClassVar[str] = "none"
    how: str

    def apply(self, setup: Setup) -> Setup:
        if self.how in ERRORS:
            raise ERRORS[self.how]
        if self.how in DEEDS:
            DEEDS[self.how]()
        return setup.replace(seed=setup.seed + 1)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        proof: dict[str, Any] = {"seed": [before.seed, after.seed]}
        return proof | ({"surprise": object()} if self.how == "unserialisable" else {})


class Odd:
    def __repr__(self) -> str:
        return "an odd thing"


ERRORS = {
    "raise": RuntimeError("the kernel is missing"),
    "input": InputError("the label is unknown", got="cat", remedy="use dog"),
    "odd_input": InputError("the label is unknown", got=Odd(), remedy="use dog"),
    "not_applicable": NotApplicable("not on this machine"),
    "cuda": torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
}
"""What the technique raises."""


def hang_with_a_child() -> None:
    """Starts a process that would outlive its parent, notes its number beside the log, and hangs."""
    child = subprocess.Popen(["sleep", "600"])
    os.write(1, f"child {child.pid}\n".encode())
    time.sleep(600)


DEEDS: dict[str, Callable[[], Any]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(7),
    "hang": hang_with_a_child,
    "memory": lambda: bytearray(1 << 50),
    "torch_memory": lambda: torch.empty(1 << 48),
    "disk": lambda: Path("/dev/full").write_bytes(b"x"),
}
"""What the technique does."""
