"""Server: queries arrive over time, wait in a queue, and are answered in batches of what has arrived.

The scenario of the same name in MLPerf Inference (Reddi et al. 2020, doi:10.1109/ISCA45697.2020.00045). Between
arrivals the server sleeps, and that idle time lies inside the window: its energy is a part of what a query costs.

A batch is made when it is due, as a server does it: tokenising, padding and moving it to the device are work of
the window. So a technique's saving is smaller here than offline, where windows hold the model's work alone.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, NamedTuple, get_args

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Example, cycle
from suite.core.workload import Loop, Work, Workload
from suite.errors import InputError, NotApplicable
from suite.record.schema import Phase, RecordWarning, Window
from suite.stats import latency_gates
from suite.toolkit.serving import query_stream

_LOOK_S = 1.0  # an engine that has failed is noticed within so long
Arrivals = Literal["poisson", "fixed"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Server(Workload):
    """Queries that arrive at a rate.

    Attributes:
        default_batch_size: most queries a batch where the command line names none.
        arrivals: ``poisson`` (gaps drawn from an exponential law) or ``fixed`` (equal gaps).
        rate_per_s: queries that arrive in a second, above 0.
        max_wait_s: longest that a query waits for its batch to fill up; 0 takes what is there.
        repeat_share: share of the queries that ask what was asked before, in [0, 1).
        zipf_exponent: how much the repeats prefer what was asked first, from 0 (not at all) to 10.
        latency_gate_s: longest latency in seconds by percentile (p50, p90, p99); None for no gate.
    """

    phase: ClassVar[Phase] = "inference"
    is_paced: ClassVar[bool] = True
    default_batch_size: int
    arrivals: Arrivals
    rate_per_s: float
    max_wait_s: float
    repeat_share: float
    zipf_exponent: float
    latency_gate_s: Mapping[str, float | None]

    def __post_init__(self) -> None:
        """Checks every figure."""
        checks.count("workload.default_batch_size", self.default_batch_size, least=1)
        if self.arrivals not in get_args(Arrivals):
            remedy = f"choose {' or '.join(get_args(Arrivals))}"
            raise InputError("workload.arrivals is unknown", got=self.arrivals, remedy=remedy)
        checks.positive("workload.rate_per_s", self.rate_per_s)
        checks.seconds("workload.max_wait_s", self.max_wait_s)
        query_stream.check_repeats(self.repeat_share, self.zipf_exponent)
        checks.latency_gate("workload.latency_gate_s", self.latency_gate_s)

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """The queries and when they arrive, the same for both arms and in every window."""
        if setup.runtime == "compiled":
            raise NotApplicable("a server's batches have any size, and each would be compiled anew (runtime=eager)")
        if setup.waiting_batches > 1:
            raise NotApplicable("a server answers queries in the order in which they arrive")
        examples = query_stream.with_repeats(
            cycle(setup.task.queries(), pass_queries),
            repeat_share=self.repeat_share,
            zipf_exponent=self.zipf_exponent,
            seed=setup.seed,
        )
        return _ServerLoop(setup, examples, self) if setup.engine is None else _EngineLoop(setup, examples, self)

    def gaps_s(self, count: int, seed: int) -> list[float]:
        """Seconds from each query's predecessor to its arrival; together they last ``count / rate_per_s``.

        Scaled to that, so that each pass over the list brings exactly the rate that was asked for: the arrivals of a
        Poisson process of which it is known how many there are.
        """
        if self.arrivals == "fixed":
            return [1 / self.rate_per_s] * count
        drawn = random.Random(seed)
        gaps = [drawn.expovariate(1.0) for _ in range(count)]
        scale = count / self.rate_per_s / math.fsum(gaps)
        return [gap * scale for gap in gaps]

    def warnings(self, windows: Sequence[Window]) -> list[RecordWarning]:
        """Arms that do not keep up with the rate or miss a latency gate; idle time that no instrument saw."""
        return [
            *latency_gates.idle_warnings(windows),
            *latency_gates.saturation_warnings(windows, self.rate_per_s),
            *latency_gates.gate_warnings(windows, self.latency_gate_s),
        ]

    def evaluate(self, setup: Setup) -> list[float]:
        """The task's own scores."""
        return setup.task.evaluate(setup)


class _Stream(Loop):
    """Queries with their arrivals."""

    def __init__(self, setup: Setup, examples: list[Example], server: Server) -> None:
        self._setup, self._examples, self._server = setup, examples, server
        self._gaps_s = server.gaps_s(len(examples), setup.seed)

    @property
    def pass_queries(self) -> int:
        return len(self._examples)

    @property
    def shapes(self) -> Sequence[int]:
        """One: nothing that is compiled runs here."""
        return (0,)

    def keep_first(self, queries: int) -> None:
        del self._examples[queries:]
        self._gaps_s = self._server.gaps_s(len(self._examples), self._setup.seed)

    def reset(self) -> None:
        """Nothing is left of earlier queries."""
        self._setup.forget()

    def arrivals_s(self, queries: int, first: int) -> list[float]:
        """Moments, from now on: the first of ``queries`` arrives one gap after the start."""
        began_s, length = time.perf_counter(), len(self._examples)
        gaps_s = (self._gaps_s[index % length] for index in range(first, first + queries))
        return [began_s + after_s for after_s in itertools.accumulate(gaps_s)]


class _Served(NamedTuple):
    """How many queries a batch had, and what it made."""

    queries: int
    tokens: int | None


class _ServerLoop(_Stream):
    """Answers what has arrived in batches."""

    def run(self, queries: int, first: int = 0) -> Work:
        """Each batch is waited for."""
        arrivals_s = self.arrivals_s(queries, first)
        latencies_s: list[float] = []
        batches, tokens = 0, None
        with self._setup.active():
            while len(latencies_s) < queries:
                served = self._serve(arrivals_s[len(latencies_s) :], first + len(latencies_s))
                answered_s, done = time.perf_counter(), len(latencies_s)
                latencies_s += [answered_s - arrived_s for arrived_s in arrivals_s[done : done + served.queries]]
                batches += 1
                if served.tokens is not None:
                    tokens = (tokens or 0) + served.tokens
        return Work(queries=queries, batches=batches, tokens=tokens, latencies_s=latencies_s, has_overlap=True)

    def _serve(self, arrivals_s: Sequence[float], first: int) -> _Served:
        """Waits until a batch is due, answers it, and waits for the answer.

        Args:
            arrivals_s: of the queries that are not answered yet.
            first: place of the first of them in the stream.
        """
        setup, length = self._setup, len(self._examples)
        place = first % length
        size = min(setup.batch_size, length - place)  # no batch reaches from one pass over the list into the next
        fills_s = arrivals_s[size - 1] if len(arrivals_s) >= size else math.inf
        _sleep_until(min(fills_s, arrivals_s[0] + self._server.max_wait_s))
        now_s = time.perf_counter()
        due = sum(arrived_s <= now_s for arrived_s in arrivals_s[:size])
        if place == 0:
            setup.forget()
        made = setup.task.run(setup, setup.task.batch(setup, self._examples[place : place + due]))
        setup.synchronize()
        return _Served(due, made)


class _EngineLoop(_Stream):
    """Hands each query to the setup's engine as it arrives; a batch is what the engine answers at a time."""

    def run(self, queries: int, first: int = 0) -> Work:
        """Every query is waited for."""
        setup, engine, tokens = self._setup, self._setup.engine, self._setup.task.answer_tokens()
        assert engine is not None
        assert tokens is not None  # no technique makes an engine for a task that writes none
        latencies_s = [0.0] * queries
        waiting: dict[str, int] = {}
        arrived = 0
        with setup.active(), engine.session():
            arrivals_s = self.arrivals_s(queries, first)
            while arrived < queries or waiting:
                next_s = arrivals_s[arrived] if arrived < queries else math.inf
                if next_s <= time.perf_counter():
                    waiting[self._submit(first + arrived, tokens)] = arrived
                    arrived += 1
                elif not waiting:
                    _sleep_until(next_s)
                elif answered := engine.next_answer(min(_LOOK_S, max(0.0, next_s - time.perf_counter()))):
                    index = waiting.pop(answered)
                    latencies_s[index] = time.perf_counter() - arrivals_s[index]
        return Work(
            queries=queries, batches=queries, tokens=queries * tokens, latencies_s=latencies_s, has_overlap=True
        )

    def _submit(self, index: int, tokens: int) -> str:
        place = index % len(self._examples)
        setup = self._setup
        assert setup.engine is not None
        (name,) = setup.engine.submit(setup.task.batch(setup, [self._examples[place]]), tokens)
        return name


def _sleep_until(moment_s: float) -> None:
    """Sleeps, never spins: a server that waits takes no CPU time."""
    while (left_s := moment_s - time.perf_counter()) > 0:
        time.sleep(left_s)
