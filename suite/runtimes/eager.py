"""eager: PyTorch as it is, one operation after another, launched by Python."""

from __future__ import annotations

import dataclasses

from suite.core.runtime import Runtime
from suite.core.setup import Setup


@dataclasses.dataclass(frozen=True, kw_only=True)
class Eager(Runtime):
    """Runs the model as it was loaded."""

    def prepare(self, setup: Setup) -> Setup:
        """The setup as it is."""
        return setup
