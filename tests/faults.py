"""Techniques that go wrong, each in its own way; configs in tests name them by ``_target_``."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fault(Mitigation):
    """Goes wrong as ``how`` says."""

    source: ClassVar[str] = "none"
    how: str

    def apply(self, setup: Setup) -> Setup:
        if self.how == "raise":
            raise RuntimeError("the kernel is missing")
        if self.how == "input":
            raise InputError("the label is unknown", got="cat", remedy="use dog")
        if self.how == "not_applicable":
            raise NotApplicable("not on this machine")
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.how == "exit":
            os._exit(7)
        if self.how == "hang":
            time.sleep(600)
        return setup.replace(seed=setup.seed + 1)

    def effect(self, before: Setup, after: Setup) -> dict[str, Any]:
        return {"seed": [before.seed, after.seed]}
