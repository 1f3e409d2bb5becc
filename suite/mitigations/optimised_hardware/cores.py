"""cores: the process is kept on a few CPU cores."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import cpu_limits, effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cores(Mitigation):
    """Pins every thread of the process.

    Attributes:
        count: of cores, at least 1.
    """

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "Linux man-pages, sched_setaffinity(2), https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html"
    )
    idea: ClassVar[str] = (
        "Threads that stay on few cores share a cache and do not wander, and cores without work can sleep deeply."
    )
    effect: ClassVar[str] = (
        "Saves where the other cores can rest and the work does not need them; answers take longer. With more threads "
        "than cores threads wait for each other: stack it with threads, mitigation=[threads,cores]. An estimate from "
        "CPU time sees the waiting, not that cores sleep. Does nothing on a GPU."
    )
    accuracy: ClassVar[str] = "Unchanged: the same operations in the same order."
    deviations: ClassVar[str] = (
        "The first cores that the process may use, whether they are two threads of one core or not. The whole process "
        "is pinned, its instruments too."
    )
    requires: ClassVar[Requires] = Requires(device="cpu", reasons={"device": "a GPU computes there"})
    conflicts: ClassVar[tuple[str, ...]] = ("edge",)
    stack_reason: ClassVar[str] = "both set which cores and threads there are"

    count: int

    def __post_init__(self) -> None:
        checks.count("cores.count", self.count, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model, on so many cores while a window is measured."""
        with setup.held():
            allowed = len(cpu_limits.cores_of_threads())
        if self.count >= allowed:
            raise NotApplicable(f"the process may use {allowed} cores, and {self.count} are no fewer")
        return setup.replace(holds=(*setup.holds, functools.partial(cpu_limits.on_cores, self.count)))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The cores that any thread may use, as the kernel says while each arm is held and has just worked."""
        cores = {"before": _cores(before), "after": _cores(after)}
        counts = {arm: len(found) for arm, found in cores.items()}
        seen = effect.changes(before, after) | {"cores": counts, "numbers": cores}
        return effect.require(counts["after"] < counts["before"], "its threads may use as many cores as before", seen)


def _cores(setup: Setup) -> list[int]:
    batch = effect.probe_batch(setup)
    with setup.held():
        with setup.active():
            setup.task.run(setup, batch)  # threads that the work makes are seen too
        return cpu_limits.cores_of_threads()
