"""threads: torch computes on another number of CPU threads."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import cpu_limits, effect, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Threads(Mitigation):
    """Sets the number of threads.

    Attributes:
        count: of threads, at least 1.
    """

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "PyTorch, CPU threading, https://docs.pytorch.org/docs/stable/notes/cpu_threading_torchscript_inference.html"
    )
    idea: ClassVar[str] = (
        "Work on a tensor is split among threads, which wait for each other at the end of each operation. With fewer "
        "threads less is lost in waiting, and cores that have none can rest."
    )
    effect: ClassVar[str] = (
        "Saves energy where operations are small, so that splitting costs more than it gives; answers take longer "
        "where they are not. More threads than before save where a core at rest costs nearly as much as one at work. "
        "An estimate from CPU time sees the waste of splitting, not the power of a core. Does nothing on a GPU."
    )
    accuracy: ClassVar[str] = "Unchanged but for the order of sums."
    deviations: ClassVar[str] = "torch's intra-op threads alone; those that the tokenizer or other libraries make stay."
    requires: ClassVar[Requires] = Requires(device="cpu", reasons={"device": "a GPU computes there"})
    conflicts: ClassVar[tuple[str, ...]] = ("edge",)
    stack_reason: ClassVar[str] = "both set which cores and threads there are"

    count: int

    def __post_init__(self) -> None:
        checks.count("threads.count", self.count, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model, with so many threads while a window is measured."""
        layers.module_of(setup)
        cores = len(cpu_limits.allowed_cores())
        if self.count > cores:
            raise NotApplicable(
                f"{self.count} threads on {cores} cores would wait for each other: give {cores} or less"
            )
        with setup.held():
            if torch.get_num_threads() == self.count:
                raise NotApplicable(f"torch computes on {self.count} threads already")
        return setup.replace(holds=(*setup.holds, functools.partial(cpu_limits.with_threads, self.count)))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Threads of both arms, as torch says while each is held."""
        counts = {"before": _threads(before), "after": _threads(after)}
        seen = effect.changes(before, after) | {"threads": counts}
        return effect.require(counts["before"] != counts["after"], "torch computes on as many threads as before", seen)


def _threads(setup: Setup) -> int:
    with setup.held():
        return torch.get_num_threads()
