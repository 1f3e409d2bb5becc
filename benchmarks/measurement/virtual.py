"""The simulated meter on a clock of its own: hours of windows in seconds, through the suite's own code."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any, cast
from unittest import mock

import yaml

from suite.core.meter import OpenMeter, Readings, Ticker
from suite.core.protocol import Protocol
from suite.core.setup import Setup
from suite.core.workload import Loop, Work
from suite.io.paths import CONF
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
    """Seconds that waiting moves, and each look at them by a millionth: no two moments are the same."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        self.now_s += 1e-6
        return self.now_s

    def wait_until(self, moment_s: float) -> None:
        self.now_s = max(self.now_s, moment_s)


class RealClock:
    """The machine's own seconds."""

    def __init__(self) -> None:
        self._now_s = time.perf_counter  # taken before another clock is put in its place

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
        """The board's counter; its period is known here and need not be probed."""
        return Ticker(
            period_s=values_of("meter", "simulated")["tick_s"], read=lambda: int(self.meter.board.counter_mj())
        )


@contextlib.contextmanager
def world(ratio: float, instrument: Instrument, *, clock: Clock | None = None, **changes: Any) -> Iterator[World]:
    """The world of conf/meter/simulated.yaml with ``changes``; the candidate uses ``ratio`` of the energy a query.

    Time is virtual where no ``clock`` is given.
    """
    clock = clock or VirtualClock()
    work = {
        "baseline": ArmWork(seconds_per_query=QUERY_S, power_w=BUSY_W),
        "candidate": ArmWork(seconds_per_query=_FASTER * QUERY_S, power_w=ratio * BUSY_W / _FASTER),
    }
    settings = simulated(instrument, work=work, **changes)
    with (
        mock.patch("time.perf_counter", clock),
        OpenSimulated(settings, "cpu", clock=clock, wait_until=clock.wait_until, step_s=0.25) as meter,
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

    def open_on(self, board: Board) -> OpenMeter:
        return _OpenCounter(board)


class _OpenCounter(OpenMeter):
    def __init__(self, board: Board) -> None:
        self._board = board

    def watch(self, arm: Arm, loop: Loop) -> Loop:
        return loop

    def ticker(self, work: Callable[[], None]) -> Ticker | None:
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
