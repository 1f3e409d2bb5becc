"""Endpoint: requests to servers of OpenAI's protocol that stand by themselves, under a stated load.

The load is a number of requests at a time, or requests that arrive over time. A window is one run of it against one
server, and its energy that of the steady state, which is read from outside (``suite.measure.served.served_point``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from suite.core import checks
from suite.endpoint.load import Arrivals
from suite.endpoint.prompts import Metric, read_prompts
from suite.endpoint.served_workload import ServedWorkload
from suite.errors import InputError
from suite.record.schema import RecordWarning, Window
from suite.stats import latency_gates

_OVER_TIME = ("poisson", "fixed")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint(ServedWorkload):
    """Requests to a server.

    Attributes:
        default_batch_size: must be 1; stands here so that ``batch_size`` has one source for all workloads.
        latency_gate_s: longest latency in seconds by percentile (p50, p90, p99); None for no gate.
    """

    default_batch_size: int
    latency_gate_s: Mapping[str, float | None]

    def __post_init__(self) -> None:
        """Checks every figure, and reads the prompts, so that a wrong line ends a run before it begins."""
        for name in ("default_batch_size", "concurrency", "new_tokens"):
            checks.count(f"workload.{name}", getattr(self, name), least=1)
        if self.default_batch_size != 1:
            remedy = "leave it at 1 and set workload.concurrency"
            raise InputError("a server makes its own batches", got=self.default_batch_size, remedy=remedy)
        for name, known in (("arrivals", get_args(Arrivals)), ("metric", get_args(Metric))):
            if getattr(self, name) not in known:
                remedy = f"choose {' or '.join(known)}"
                raise InputError(f"workload.{name} is unknown", got=getattr(self, name), remedy=remedy)
        self._check_arrivals()
        checks.latency_gate("workload.latency_gate_s", self.latency_gate_s)
        if self.prompts is not None:
            self.load(read_prompts(Path(self.prompts)), seed=0)

    def _check_arrivals(self) -> None:
        if self.requests is not None:
            checks.count("workload.requests", self.requests, least=2 * self.concurrency + 1)
        if self.rate_per_s is not None:
            checks.positive("workload.rate_per_s", self.rate_per_s)
        if (self.arrivals in _OVER_TIME) != (self.rate_per_s is not None):
            remedy = "give workload.rate_per_s with arrivals poisson or fixed, and with no other"
            raise InputError("the arrivals do not fit the rate", got=[self.arrivals, self.rate_per_s], remedy=remedy)
        if self.arrivals == "listed" and self.prompts is None:
            remedy = "give workload.prompts with an arrives_s on each line"
            raise InputError("listed arrivals stand beside the prompts", got=None, remedy=remedy)

    def warnings(self, windows: Sequence[Window]) -> list[RecordWarning]:
        """Arms that do not keep up with the rate or miss a latency gate; idle time that no instrument saw."""
        return [
            *(latency_gates.idle_warnings(windows) if self.arrivals != "closed" else []),
            *(latency_gates.saturation_warnings(windows, self.rate_per_s) if self.rate_per_s is not None else []),
            *latency_gates.gate_warnings(windows, self.latency_gate_s),
        ]
