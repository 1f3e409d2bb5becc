"""edge: the same work on a machine of fewer cores and less memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import cpu_limits, effect, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Edge(Mitigation):
    """Takes cores, threads and memory away.

    Attributes:
        cores: that all threads are kept on, at least 1.
        threads: that torch computes on, at least 1.
        memory_mb: most data of the process in MB of 10^6 bytes; None for no limit.
    """

    intervention: ClassVar[str] = "federated_and_edge"
    source: ClassVar[str] = (
        "Banbury et al. 2021, MLPerf Tiny Benchmark, arXiv:2106.07597; Shi et al. 2016, Edge Computing: Vision and "
        "Challenges, doi:10.1109/JIOT.2016.2579198"
    )
    idea: ClassVar[str] = (
        "A small device near the data answers with what it has; nothing is sent to a data centre, whose machine idles "
        "between queries. The question here is what the same work takes with few cores and little memory."
    )
    effect: ClassVar[str] = (
        "On this machine it saves what splitting work among threads loses, and answers take longer. It does not show "
        "the device's own processor, whose joules per operation differ: that has to be measured there. With a latency "
        "gate of workload=server it shows whether the queries can be answered in time."
    )
    accuracy: ClassVar[str] = "Unchanged but for the order of sums."
    deviations: ClassVar[str] = (
        "The machine is this one with less of it, while a window of this arm is measured. The limit on memory is the "
        "kernel's on the data of the process (RLIMIT_DATA), which also holds the baseline, the data and the libraries, "
        "so it is well above what the device would need. It decides whether the work fits, and changes no figure."
    )
    requires: ClassVar[Requires] = Requires(device="cpu", reasons={"device": "it takes cores and memory of the host"})
    conflicts: ClassVar[tuple[str, ...]] = ("threads", "cores")
    stack_reason: ClassVar[str] = "both set which cores and threads there are"

    cores: int
    threads: int
    memory_mb: int | None

    def __post_init__(self) -> None:
        checks.count("edge.cores", self.cores, least=1)
        checks.count("edge.threads", self.threads, least=1)
        if self.memory_mb is not None:
            checks.count("edge.memory_mb", self.memory_mb, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model, with less of the machine while a window is measured."""
        layers.module_of(setup)
        allowed = len(cpu_limits.allowed_cores())
        if self.cores > allowed:
            raise NotApplicable(f"the process may use {allowed} cores, not {self.cores}")
        held_mb = cpu_limits.memory_held_mb()
        if self.memory_mb is not None and held_mb >= self.memory_mb:
            what = f"the process holds {held_mb:.0f} MB before its first query, libraries and both arms"
            raise NotApplicable(f"{what}: more than edge.memory_mb={self.memory_mb}")
        made = setup.replace(holds=(*setup.holds, self._device))
        if _seen(made) == _seen(setup):
            raise NotApplicable("the process has no more cores, threads and memory than that already")
        _require_room(made)
        return made

    @contextlib.contextmanager
    def _device(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(cpu_limits.on_cores(self.cores))
            stack.enter_context(cpu_limits.with_threads(self.threads))
            if self.memory_mb is not None:  # last: OpenMP ends the process where it gets no memory for a thread
                stack.enter_context(cpu_limits.within_memory(self.memory_mb))
            yield

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Cores, threads and the limit on memory, as the kernel and torch say while each arm is held."""
        device = {"before": _seen(before), "after": _seen(after)}
        seen = effect.changes(before, after) | {"machine": device}
        return effect.require(device["before"] != device["after"], "the process has as much as before", seen)


def _seen(setup: Setup) -> dict[str, Any]:
    with setup.held():
        return {
            "cores": len(cpu_limits.cores_of_threads()),
            "threads": torch.get_num_threads(),
            "memory_limit_mb": cpu_limits.memory_limit_mb(),
        }


def _require_room(setup: Setup) -> None:
    """Passes where a batch of training samples is answered within the limits.

    Raises:
        NotApplicable: its memory is refused.
    """
    batch = setup.task.batch(setup, setup.task.samples(setup.batch_size))
    try:
        with setup.held(), setup.active():
            setup.task.run(setup, batch)
    except (MemoryError, RuntimeError) as error:
        if not cpu_limits.is_refused_memory(error):
            raise
        limit = f"a batch of {setup.batch_size} does not fit into the limit on memory (edge.memory_mb)"
        raise NotApplicable(limit) from error
