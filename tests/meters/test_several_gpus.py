"""Work on several GPUs of a machine that has one more: simulated boards, each with a truth of its own."""

import itertools

import pytest

from benchmarks.measurement.virtual import VirtualClock
from suite.core.protocol import Protocol
from suite.errors import ImpossibleOutput
from suite.machine.nvml.background import Threads
from suite.machine.nvml.board import Board
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.measure.idle import idle_power
from suite.meters import codecarbon
from suite.meters.codecarbon import CodeCarbon

FIRST, SECOND, UNUSED = (f"GPU-{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))
POWERS_W = {FIRST: 200.0, UNUSED: 500.0, SECOND: 300.0}  # in the machine's order


class Machine:
    """Three boards, whose time passes when the test says so. Work runs on two, in another order than they have here."""

    def __init__(self):
        self.now_s = 0.0
        self.boards = {
            uuid: SimulatedBoard(trace=PowerTrace(power_w), uuid=uuid, tick_s=0.125, clock=lambda: self.now_s)
            for uuid, power_w in POWERS_W.items()
        }

    def open(self):
        return CodeCarbon(tdp_w=10.0).open_on([Board.by_uuid(SECOND), Board.by_uuid(FIRST)], background=Threads())

    def window(self, meter, seconds=2.0):
        token = meter.start()
        self.now_s += seconds
        return meter.stop(token)


@pytest.fixture
def machine():
    machine = Machine()
    with SimulatedNvml(machine.boards.values()).installed():
        yield machine


def test_the_energy_is_the_sum_of_the_boards_in_use_and_of_no_other(machine):
    for _ in range(2):  # the second tracker of a process is made from a cache
        with machine.open() as meter:
            readings = machine.window(meter)
            described = meter.describe()
        assert readings.energy_j["gpu"] == pytest.approx(2 * (200.0 + 300.0))
        assert readings.board_energy_j == [pytest.approx(2 * 300.0), pytest.approx(2 * 200.0)]
        assert readings.conditions.counter_j == pytest.approx(1000.0)
    assert [board["uuid"] for board in described["boards"].values()] == [SECOND, FIRST]
    assert list(described["boards"]) == ["2", "0"]
    assert described["components"]["gpu"]["power_limit_w"] == 800.0


def test_idle_power_is_that_of_all_boards_in_use(machine, monkeypatch):
    def sleep(seconds):
        machine.now_s += seconds

    ticks = itertools.count()
    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("time.perf_counter", lambda: machine.now_s + 1e-9 * next(ticks))
    protocol = object.__new__(Protocol)
    object.__setattr__(protocol, "idle_s", 2.0)
    object.__setattr__(protocol, "idle_settle_s", 0.5)
    with machine.open() as meter:
        idle = idle_power(protocol, meter, lambda stage: None)
    assert idle.power_w["gpu"] == pytest.approx(500.0, rel=1e-3)
    assert idle.board_power_w == [pytest.approx(300.0, rel=1e-3), pytest.approx(200.0, rel=1e-3)]


def test_a_board_without_a_counter_leaves_no_figure_of_the_others(machine):
    machine.boards[FIRST].fault = "no_counter"
    with machine.open() as meter:
        readings = machine.window(meter)
        described = meter.describe()
        assert meter.ticker(lambda: pytest.fail("probed")) is None
    assert set(readings.energy_j) == set(readings.method) == {"cpu"}
    assert list(readings.board_energy_j) == []
    assert readings.conditions.counter_j is None
    assert "gpu" not in described["components"]
    assert len(described["boards"]) == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [("backwards", "ran backwards by"), ("error", "cannot be read any more"), ("nan", "cannot be read any more")],
)
@pytest.mark.parametrize("broken", [FIRST, SECOND])
def test_one_counter_that_breaks_spoils_the_window(machine, broken, fault, message):
    with machine.open() as meter:
        machine.window(meter)
        token = meter.start()
        machine.now_s += 2.0
        machine.boards[broken].fault = fault
        with pytest.raises(ImpossibleOutput, match=message):
            meter.stop(token)


def test_one_counter_that_stands_still_is_an_error_though_the_sum_rises(machine, monkeypatch):
    monkeypatch.setattr(codecarbon, "_LONGEST_TICK_S", 0.0)
    with machine.open() as meter:
        machine.window(meter)
        machine.boards[FIRST].fault = "still"
        with pytest.raises(ImpossibleOutput, match=r"gpu energy was read as 0\.0 J"):
            machine.window(meter)


class Load:
    """Two boards of different powers and phases of their counters, on one virtual clock."""

    def __init__(self, monkeypatch, **changes):
        self.clock = VirtualClock()
        monkeypatch.setattr("time.perf_counter", self.clock)
        shape = {"clock": self.clock, "wait": self.clock.sleep, "tick_s": 0.1}
        self.boards = [
            SimulatedBoard(trace=PowerTrace(60.0), uuid=FIRST, **shape),
            SimulatedBoard(trace=PowerTrace(90.0), uuid=SECOND, **(shape | {"phase_s": 0.04} | changes)),
        ]

    def work(self, seconds=0.1):
        for board, power_w in zip(self.boards, (300.0, 200.0), strict=True):
            board.trace.set_power(power_w, self.clock.now_s)
        self.clock.sleep(seconds)
        for board, power_w in zip(self.boards, (60.0, 90.0), strict=True):
            board.trace.set_power(power_w, self.clock.now_s)

    def open(self):
        boards = [Board.by_uuid(board.uuid) for board in self.boards]
        return CodeCarbon(tdp_w=None).open_on(boards, background=self.clock)


def test_each_board_is_watched_step_by_step(monkeypatch, tmp_path):
    load = Load(monkeypatch)
    with SimulatedNvml(load.boards).installed(), load.open() as meter:
        ticker = meter.ticker(load.work, shared=tmp_path)
        load.work(1.0)
        from_s = load.clock.now_s
        load.work(2.0)
        to_s = load.clock.now_s
        load.work(1.0)
        assert ticker.interpolation.noted_after(to_s)
        first, second = ticker.interpolation.rises(from_s, to_s)
    assert ticker.period_s == pytest.approx(0.1, abs=0.001)
    assert ticker.read is None  # no moment is a step of both
    assert first.energy_j == pytest.approx(load.boards[0].trace.energy_j(from_s, to_s), rel=0.01)
    assert second.energy_j == pytest.approx(load.boards[1].trace.energy_j(from_s, to_s), rel=0.01)
    assert sorted(path.name for path in tmp_path.glob("counter-*")) == [
        f"counter-{FIRST}.json",
        f"counter-{SECOND}.json",
    ]


def test_one_board_whose_counter_lags_leaves_windows_without_interpolation(monkeypatch):
    load = Load(monkeypatch, lag_s=1.0)
    with SimulatedNvml(load.boards).installed(), load.open() as meter:
        ticker = meter.ticker(load.work)
        token = meter.start()
        load.work(2.0)
        readings = meter.stop(token)
    assert ticker.lag_s == pytest.approx(1.0, abs=0.03)
    assert (ticker.interpolation, ticker.read) == (None, None)
    assert len(readings.board_energy_j) == 2


def test_energy_is_not_known_where_the_steps_of_one_board_do_not_reach(monkeypatch):
    load = Load(monkeypatch)
    with SimulatedNvml(load.boards).installed(), load.open() as meter:
        interpolation = meter.ticker(load.work).interpolation
        from_s = load.clock.now_s
        load.work(1.0)
        to_s = load.clock.now_s
        interpolation.watches[1].pause()
        load.work(1.0)
        assert interpolation.watches[0].rise(from_s, to_s) is not None
        assert not interpolation.noted_after(to_s + 0.5)
        assert interpolation.rises(from_s, to_s + 0.5) == []
