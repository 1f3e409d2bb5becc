"""The simulated meter on a clock of its own: hours of windows in seconds, through the suite's own code."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from unittest import mock

import yaml

from suite.core.meter import OpenMeter, Readings, Ticker
from suite.core.protocol import Protocol
from suite.core.setup import Setup
from suite.core.workload import Loop, Work
from suite.io.paths import CONF
from suite.machine.nvml.background import Background, Threads
from suite.machine.nvml.board import Board
from suite.measure.windows import ReadyArm
from suite.meters.codecarbon import CodeCarbon
from suite.meters.simulated import ArmWork, Instrument, OpenSimulated, Simulated
from suite.record.schema import Arm
from suite.units import millijoules_to_joules

QUERY_S = 0.0093  # no divisor of the counter's period, lest queries fall in step with it
BUSY_W = 300.0
_FASTER = 0.96  # the candidate's seconds a query, as a share of the baseline's
_PASS = Work(queries=64, batches=64, tokens=None, latencies_s=None)


class VirtualClock:
    """Seconds that waiting moves, and each look at them by a millionth: no two moments are the same.

    What is repeated beside the caller is called as the caller's waiting passes the moment at which it is due. What
    passes while it runs is its own time and none of the caller's, as if it ran on another core.
    """

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._beside: dict[int, tuple[float, Callable[[], float]]] = {}
        self._numbers = itertools.count()
        self._is_beside = False

    @property
    def background(self) -> Background:
        return self

    def __call__(self) -> float:
        self.now_s += 1e-6
        return self.now_s

    def wait_until(self, moment_s: float) -> None:
        while not self._is_beside and (due := min(self._due(moment_s), default=None)):
            self._run_beside(*due)
        self.now_s = max(self.now_s, moment_s)

    def sleep(self, seconds: float) -> None:
        self.wait_until(self.now_s + seconds)

    def repeat(self, action: Callable[[], float]) -> Callable[[], None]:
        number = next(self._numbers)
        self._beside[number] = (self.now_s, action)
        return lambda: self._beside.pop(number, None) and None

    def _due(self, moment_s: float) -> list[tuple[float, int]]:
        return [(at_s, number) for number, (at_s, _) in self._beside.items() if at_s <= moment_s]

    def _run_beside(self, at_s: float, number: int) -> None:
        action = self._beside[number][1]
        self.now_s = caller_s = max(self.now_s, at_s)
        self._is_beside = True
        next_s = action()
        self._is_beside = False
        self._beside[number] = (max(next_s, self.now_s), action)
        self.now_s = caller_s


class RealClock:
    """The machine's own seconds."""

    def __init__(self) -> None:
        self._now_s = time.perf_counter  # taken before another clock is put in its place
        self.background: Background = Threads()

    def __call__(self) -> float:
        return self._now_s()

    def wait_until(self, moment_s: float) -> None:
        while self() < moment_s:
            time.sleep(max(0.0, min(moment_s - self() - 0.001, 0.25)))  # the last millisecond is spun away


Clock = VirtualClock | RealClock


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """A simulated board, the meter that reads it, both arms, and the clock they live by."""

    clock: Clock
    meter: OpenSimulated
    arms: dict[Arm, ReadyArm]

    def idle(self, seconds: float) -> None:
        """Time passes without work."""
        self.clock.wait_until(self.clock() + seconds)

    def ticker(self) -> Ticker:
        """The board's counter, to be waited for; its period is known here and need not be probed."""
        board = self.meter.board
        return Ticker(
            period_s=board.tick_s, read=lambda: int(board.counter_mj()), lag_s=board.lag_s, interpolation=None
        )


@contextlib.contextmanager
def world(
    ratio: float, instrument: Instrument, *, clock: Clock | None = None, query_s: float = QUERY_S, **changes: Any
) -> Iterator[World]:
    """The world of conf/meter/simulated.yaml with ``changes``; the candidate uses ``ratio`` of the energy a query.

    The board's counter lags one step behind and takes no time to read, unless ``changes`` say otherwise.

    Time is virtual where no ``clock`` is given.
    """
    clock = clock or VirtualClock()
    work = {
        "baseline": ArmWork(seconds_per_query=query_s, power_w=BUSY_W),
        "candidate": ArmWork(seconds_per_query=_FASTER * query_s, power_w=ratio * BUSY_W / _FASTER),
    }
    settings = simulated(instrument, work=work, **({"lag_s": 0.1, "reading_s": 0.0} | changes))
    with (
        mock.patch("time.perf_counter", clock),
        OpenSimulated(
            settings, "cpu", clock=clock, wait_until=clock.wait_until, step_s=0.25, background=clock.background
        ) as meter,
    ):
        arms = {name: _ready(name, meter.watch(name, _Unneeded())) for name in ("baseline", "candidate")}
        yield World(clock=clock, meter=meter, arms=cast(dict[Arm, ReadyArm], arms))


def simulated(instrument: Instrument, **changes: Any) -> Simulated:
    """The meter of conf/meter/simulated.yaml, read by ``instrument``."""
    values = values_of("meter", "simulated")
    work = {arm: {name: each[name] for name in each if name != "_target_"} for arm, each in values["work"].items()}
    values |= {"instrument": instrument, "work": {arm: ArmWork(**each) for arm, each in work.items()}}
    return Simulated(**(values | changes))


class _Unneeded(Loop):
    """Real work that is never asked for more than its shape."""

    @property
    def pass_queries(self) -> int:
        return _PASS.queries

    @property
    def shapes(self) -> tuple[int, ...]:
        return (0,)

    def keep_first(self, queries: int) -> None:
        pass

    def reset(self) -> None:
        pass

    def run(self, queries: int, first: int = 0) -> Work:
        return _PASS


def _ready(name: str, loop: Loop) -> ReadyArm:
    setup = Setup(
        task=cast(Any, None), model=None, processor=None, batch_size=1, dtype="float32", device="cpu",
        phase="inference",
    )  # fmt: skip
    return ReadyArm(name=cast(Arm, name), setup=setup, loop=loop)


def real_codecarbon() -> CodeCarbon:
    """The meter of record."""
    return CodeCarbon(tdp_w=None)


class CounterOnly:
    """An instrument that reads the board's counter and nothing else: for statistics over many thousand windows."""

    def open_on(self, boards: Sequence[Board], *, background: Background) -> OpenMeter:
        (board,) = boards
        return _OpenCounter(board)


class _OpenCounter(OpenMeter):
    def __init__(self, board: Board) -> None:
        self._board = board

    def watch(self, arm: Arm, loop: Loop, *, prefill: bool = False) -> Loop:
        return loop

    def ticker(self, work: Callable[[], None], *, shared: Path | None = None) -> Ticker | None:
        return None

    def start(self, *, quiet: bool = False) -> tuple[float, int]:
        return time.perf_counter(), self._counter_mj()

    def stop(self, token: tuple[float, int]) -> Readings:
        energy_j = {"gpu": millijoules_to_joules(self._counter_mj() - token[1])}
        method = {"gpu": "measured:nvml_energy_counter"}
        return Readings(duration_s=time.perf_counter() - token[0], energy_j=energy_j, method=method)

    def _counter_mj(self) -> int:
        counter_mj = self._board.energy_mj()
        assert counter_mj is not None
        return counter_mj

    def describe(self) -> dict[str, Any]:
        return {"name": "counter", "components": {"gpu": {"method": "measured:nvml_energy_counter"}}}

    def close(self) -> None:
        pass


def values_of(group: str, name: str) -> dict[str, Any]:
    """What a yaml of conf/ says."""
    values: dict[str, Any] = yaml.safe_load((CONF / group / f"{name}.yaml").read_text())
    del values["_target_"]
    return values


def protocol() -> Protocol:
    """The rules of ``protocol=standard`` on a GPU; simulated work is on no device, so the CPU gets them as well."""
    values = values_of("protocol", "standard")
    for name in ("window_s", "slice_s", "target_half_width"):
        values[name] = dict.fromkeys(("cpu", "cuda"), values[name]["cuda"])
    return Protocol(**values)
