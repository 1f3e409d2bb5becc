"""Simulated: a GPU that is not there, whose energy is exactly known, read by the real instrument.

The board's power is what conf says of the arm that runs, and its NVML is a stand-in with a counter that steps, lags
and rounds as real ones do. The meter named under ``instrument`` reads it as it would read a real one, so the whole
program, report included, can be held against a known answer on any machine.

An arm either does its real work, at a power that conf declares, or waits as long as conf declares for it. With both
arms declared in full, the true ratio of their energies is known before anything is measured.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

import msgspec

from suite.core import checks
from suite.core.meter import Meter, OpenMeter, Readings, Ticker
from suite.core.workload import Loop, Work
from suite.errors import InputError
from suite.machine.nvml.background import Background, Threads
from suite.machine.nvml.board import Board
from suite.machine.nvml.simulated_board import Fault, PowerTrace, SimulatedBoard, SimulatedNvml
from suite.machine.which_gpu import FIRST_BOARD
from suite.record.schema import Arm, Conditions

UUID = "GPU-51a51a51-0000-4000-8000-000000000000"
_STEP_S = 0.05  # power is constant for so long; drift and noise change it in such steps
_BOARD = ("idle_power_w", "power_limit_w", "tick_s", "lag_s", "gain", "resolution_mj", "reading_s", "fault")
_SPIN_S = 0.001  # before a moment that is waited for: sleeping ends late by up to so much


class Instrument(Protocol):
    """A meter that can be told which boards to read."""

    def open_on(self, boards: Sequence[Board], *, background: Background) -> OpenMeter:
        """Makes ready for windows of work on ``boards``, watched in the ``background``."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArmWork:
    """What an arm does: draws ``power_w`` for ``seconds_per_query``, or for as long as its real work takes (None).

    Of declared seconds the first token of a generated answer takes ``prefill_share``.
    """

    seconds_per_query: float | None
    power_w: float
    prefill_share: float = 0.1

    def __post_init__(self) -> None:
        """Checks the figures."""
        checks.positive("meter.work.*.power_w", self.power_w)
        if self.seconds_per_query is not None:
            checks.positive("meter.work.*.seconds_per_query", self.seconds_per_query)
        checks.open_share("meter.work.*.prefill_share", self.prefill_share)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variation:
    """How the power of the same work changes over time, as a factor.

    Attributes:
        drift: share by which it rises as the board warms up, e.g. 0.06.
        drift_s: time constant of that, in seconds.
        noise: standard deviation of a random share on top.
        noise_s: how long a draw of it lasts, in seconds.
        seed: of the noise.
    """

    drift: float
    drift_s: float
    noise: float
    noise_s: float
    seed: int

    def factor(self, at_s: float) -> float:
        """The factor ``at_s`` seconds after the meter was opened; the same for the same moment and seed."""
        warm = 1 - math.exp(-at_s / self.drift_s)
        drawn = random.Random(f"{self.seed} {at_s // self.noise_s}").gauss(0, self.noise) if self.noise else 0.0
        return (1 + self.drift * warm) * max(0.0, 1 + drawn)


class Bench:
    """The simulated board at work: the one place that writes its power over time."""

    def __init__(
        self,
        trace: PowerTrace,
        variation: Variation,
        idle_power_w: float,
        *,
        clock: Callable[[], float],
        wait_until: Callable[[float], None] | None,
        step_s: float,
    ) -> None:
        """``clock`` and ``wait_until`` (None: real time) may be virtual; power is constant for ``step_s``."""
        self.trace, self.clock = trace, clock
        self._variation, self._idle_power_w, self._step_s = variation, idle_power_w, step_s
        self._wait_until = wait_until or _wait_until
        self._opened_s = clock()

    def draw(self, power_w: float, seconds: float) -> None:
        """Draws about ``power_w`` for exactly ``seconds`` from now on, and returns then."""
        at_s = self.clock()
        end_s = at_s + seconds
        while at_s < end_s:
            self._set(power_w, at_s)
            at_s = min(end_s, at_s + self._step_s)
            self._wait_until(at_s)
        self.trace.set_power(self._idle_power_w, end_s)

    @contextlib.contextmanager
    def drawing(self, power_w: float) -> Any:
        """Draws about ``power_w`` until the block ends."""
        self._set(power_w, self.clock())
        try:
            yield
        finally:
            self.trace.set_power(self._idle_power_w, self.clock())

    def _set(self, power_w: float, at_s: float) -> None:
        self.trace.set_power(power_w * self._variation.factor(at_s - self._opened_s), at_s)


def _wait_until(moment_s: float) -> None:
    """Sleeps, then spins, to be on time."""
    left_s = moment_s - time.perf_counter() - _SPIN_S
    if left_s > 0:
        time.sleep(left_s)
    while time.perf_counter() < moment_s:
        pass


@dataclasses.dataclass(frozen=True, kw_only=True)
class RealWork(Loop):
    """The real work, at a declared power. The power follows drift and noise from one run to the next."""

    loop: Loop
    bench: Bench
    power_w: float
    synchronize: Callable[[], None]

    @property
    def pass_queries(self) -> int:
        """As the real loop's."""
        return self.loop.pass_queries

    @property
    def shapes(self) -> Sequence[int]:
        """As the real loop's."""
        return self.loop.shapes

    def run_part(self, queries: int) -> None:
        """The real part, waited for."""
        with self.bench.drawing(self.power_w):
            self.loop.run_part(queries)
            self.synchronize()

    @property
    def warm_up_queries(self) -> int:
        """As the real loop's."""
        return self.loop.warm_up_queries

    def keep_first(self, queries: int) -> None:
        """As the real loop."""
        self.loop.keep_first(queries)

    def reset(self) -> None:
        """Resets the real loop."""
        self.loop.reset()

    def run(self, queries: int, first: int = 0) -> Work:
        """Runs the queries, and waits for them: the board must fall idle when they are done."""
        with self.bench.drawing(self.power_w):
            work = self.loop.run(queries, first)
            self.synchronize()
        return work


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeclaredWork(Loop):
    """Nothing but the declared power for the declared time; what a query is comes from one real pass over the list."""

    one_pass: Work
    bench: Bench
    power_w: float
    seconds_per_query: float

    @property
    def pass_queries(self) -> int:
        """As the real loop's."""
        return self.one_pass.queries

    @property
    def shapes(self) -> Sequence[int]:
        """One: nothing real runs that could have another."""
        return (0,)

    def keep_first(self, queries: int) -> None:
        """Every query is alike."""

    def reset(self) -> None:
        """There is no state."""

    def run(self, queries: int, first: int = 0) -> Work:
        """Draws the power for as long as the queries are declared to take."""
        self.bench.draw(self.power_w, queries * self.seconds_per_query)
        one_pass, passes = self.one_pass, queries / self.one_pass.queries
        return Work(
            queries=queries,
            batches=round(one_pass.batches * passes),
            tokens=None if one_pass.tokens is None else round(one_pass.tokens * passes),
            latencies_s=None if one_pass.latencies_s is None else [self.seconds_per_query] * queries,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Simulated(Meter):
    """A simulated GPU and the instrument that reads it. Every field is explained in conf/meter/simulated.yaml."""

    instrument: Instrument
    work: Mapping[str, ArmWork]
    idle_power_w: float
    power_limit_w: float
    drift: float
    drift_s: float
    noise: float
    noise_s: float
    tick_s: float
    lag_s: float
    gain: float
    resolution_mj: int
    reading_s: float
    fault: Fault | None
    seed: int

    def __post_init__(self) -> None:
        """Checks every figure."""
        for name in ("idle_power_w", "power_limit_w", "drift_s", "noise_s", "tick_s", "gain"):
            checks.positive(f"meter.{name}", getattr(self, name))
        checks.closed_share("meter.drift", self.drift)
        checks.closed_share("meter.noise", self.noise)
        checks.count("meter.resolution_mj", self.resolution_mj, least=1)
        checks.count("meter.seed", self.seed, least=0)
        for name in ("lag_s", "reading_s"):
            checks.seconds(f"meter.{name}", getattr(self, name))
        if set(self.work) != set(get_args(Arm)):
            remedy = "give each seconds_per_query and power_w"
            raise InputError("meter.work needs a baseline and a candidate", got=sorted(self.work), remedy=remedy)
        if self.fault is not None and self.fault not in get_args(Fault):
            known = ", ".join(get_args(Fault))
            raise InputError("meter.fault is unknown", got=self.fault, remedy=f"give null or one of {known}")

    def variation(self) -> Variation:
        """How power changes over time."""
        return Variation(drift=self.drift, drift_s=self.drift_s, noise=self.noise, noise_s=self.noise_s, seed=self.seed)

    def open(self, device: str, *, boards: Sequence[int] = FIRST_BOARD, pid: int | None = None) -> OpenSimulated:
        """Puts the simulated NVML in the real one's place and opens the instrument on its board.

        Raises:
            InputError: several boards are to be seen, of which there is one; or another process, whose work draws no
                simulated power.
        """
        if len(boards) > 1:
            raise InputError("one board alone is simulated", got=list(boards), remedy="leave device_map out")
        if pid is not None:
            raise InputError("a simulated board sees no other process", got=pid, remedy="use meter=codecarbon")
        return OpenSimulated(self, device)

    def truth(self) -> dict[str, float]:
        """The true ratios of energy per query, as far as conf declares them."""
        baseline, candidate = (self.work[name] for name in get_args(Arm))
        if baseline.seconds_per_query is None or candidate.seconds_per_query is None:
            return {}
        seconds = candidate.seconds_per_query / baseline.seconds_per_query
        return {"energy_ratio": candidate.power_w * seconds / baseline.power_w}


class OpenSimulated(OpenMeter):
    """The instrument, open on the simulated board until closed."""

    def __init__(
        self,
        settings: Simulated,
        device: str,
        *,
        clock: Callable[[], float] = time.perf_counter,
        wait_until: Callable[[float], None] | None = None,
        step_s: float = _STEP_S,
        background: Background | None = None,
    ) -> None:
        """``clock``, ``wait_until``, ``step_s`` are the bench's, ``background`` (None: threads) the instrument's."""
        self._settings, self._device = settings, device
        trace = PowerTrace(settings.idle_power_w)
        self.bench = Bench(
            trace, settings.variation(), settings.idle_power_w, clock=clock, wait_until=wait_until, step_s=step_s
        )
        background = background or Threads()
        self.board = board_of(settings, trace, clock, background.sleep)
        with contextlib.ExitStack() as stack:
            stack.enter_context(SimulatedNvml([self.board]).installed())
            self._instrument = stack.enter_context(
                settings.instrument.open_on((Board.by_uuid(UUID),), background=background)
            )
            self._stack = stack.pop_all()

    def watch(self, arm: Arm, loop: Loop, *, prefill: bool = False) -> Loop:
        """The arm's work as conf declares it."""
        declared = self._settings.work[arm]
        if declared.seconds_per_query is None:
            return RealWork(loop=loop, bench=self.bench, power_w=declared.power_w, synchronize=self._synchronize)
        loop.reset()
        one_pass = loop.run(loop.pass_queries)
        self._synchronize()
        share = declared.prefill_share if prefill else 1.0
        return DeclaredWork(
            one_pass=one_pass,
            bench=self.bench,
            power_w=declared.power_w,
            seconds_per_query=share * declared.seconds_per_query,
        )

    def _synchronize(self) -> None:
        if self._device == "cuda":
            import torch

            torch.cuda.synchronize()

    def ticker(self, work: Callable[[], None], *, shared: Path | None = None) -> Ticker | None:
        """As the instrument finds it, each time anew: boards of other points may be declared differently."""
        return self._instrument.ticker(work)

    def start(self, *, quiet: bool = False) -> tuple[Any, float]:
        """Opens the instrument's window."""
        token = self._instrument.start(quiet=quiet)
        return token, self.bench.clock()

    def stop(self, token: Any) -> Readings:
        """The instrument's reading of the board, with the truth beside it."""
        inner, opened_s = token
        truth_j = self.bench.trace.energy_j(opened_s, self.bench.clock())
        readings = self._instrument.stop(inner)
        return Readings(
            duration_s=readings.duration_s,
            energy_j={"gpu": readings.energy_j["gpu"]},
            method={"gpu": _simulated(readings.method["gpu"])},
            conditions=msgspec.structs.replace(readings.conditions or Conditions(), truth_j={"gpu": truth_j}),
        )

    def describe(self) -> dict[str, Any]:
        """The instrument's own words on the board, the board's parameters, and the truth."""
        gpu = dict(self._instrument.describe()["components"]["gpu"])
        gpu["method"] = _simulated(gpu["method"])
        board = dataclasses.asdict(self._settings.variation()) | {
            name: getattr(self._settings, name) for name in _BOARD
        }
        truth = self._settings.truth()
        return {"name": "simulated", "components": {"gpu": gpu}, "truth": truth, "board": board}

    def close(self) -> None:
        """Closes the instrument and puts the real NVML back."""
        self._stack.close()


def board_of(
    settings: Simulated, trace: PowerTrace, clock: Callable[[], float], wait: Callable[[float], None]
) -> SimulatedBoard:
    """The board that ``settings`` describe, drawing the power of ``trace``."""
    return SimulatedBoard(
        uuid=UUID,
        trace=trace,
        tick_s=settings.tick_s,
        lag_s=settings.lag_s,
        gain=settings.gain,
        resolution_mj=settings.resolution_mj,
        reading_s=settings.reading_s,
        wait=wait,
        power_limit_w=settings.power_limit_w,
        fault=settings.fault,
        clock=clock,
    )


def _simulated(method: str) -> str:
    """``simulated:x`` for ``measured:x``."""
    return f"simulated:{method.partition(':')[2]}"
