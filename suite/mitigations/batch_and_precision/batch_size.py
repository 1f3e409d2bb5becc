"""batch_size: answer more queries at once."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchSize(Mitigation):
    """Runs ``size`` queries a batch."""

    intervention: ClassVar[str] = "batch_and_precision"
    source: ClassVar[str] = "Pope et al. 2022, Efficiently Scaling Transformer Inference, arXiv:2211.05102 (section 2)"
    idea: ClassVar[str] = "Weights are read, and kernels and Python are started, once a batch instead of once a query."
    effect: ClassVar[str] = (
        "Less energy per query until the arithmetic units are busy; then none. Each query waits for its batch, so "
        "latency grows. Does nothing at the baseline's own batch size."
    )
    accuracy: ClassVar[str] = (
        "Unchanged but for rounding, and for padding in batches of mixed lengths. In training a larger batch also "
        "means fewer steps per epoch, so compare scores before you trust the saving."
    )
    deviations: ClassVar[str] = "None; only the candidate's batch size changes, the list of queries stays."
    requires: ClassVar[Requires] = Requires()

    size: int

    def __post_init__(self) -> None:
        checks.count("batch_size.size", self.size, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model with another batch size."""
        if setup.batch_size == self.size:
            raise NotApplicable(f"the baseline's batch size is {self.size} already")
        return setup.replace(batch_size=self.size)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Both batch sizes."""
        changed = after.batch_size != before.batch_size
        return effect.require(changed, "the batch size is the same", effect.changes(before, after))
