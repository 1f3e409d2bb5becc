"""compiled: ``torch.compile`` for encoders, vision and training; the static cache, compiled, for generation."""

from __future__ import annotations

import dataclasses

from suite.core.runtime import Runtime
from suite.core.setup import Setup
from suite.toolkit import compiling


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compiled(Runtime):
    """One graph a shape, made in the first pass over the queries and never inside a window.

    Source: Ansel et al. 2024, PyTorch 2, doi:10.1145/3620665.3640366.
    """

    def prepare(self, setup: Setup) -> Setup:
        """See ``suite.toolkit.compiling.compiled``."""
        return compiling.compiled(setup)
