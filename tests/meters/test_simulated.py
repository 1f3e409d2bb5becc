"""The simulated meter: power as declared, readings as the instrument gives them, the truth beside them."""

import contextlib

import pytest

from benchmarks.measurement.virtual import CounterOnly, VirtualClock, real_codecarbon, simulated
from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.core.workload import Loop, Work
from suite.errors import ImpossibleOutput, InputError
from suite.machine.nvml.simulated_board import PowerTrace
from suite.meters.simulated import ArmWork, Bench, DeclaredWork, OpenSimulated, RealWork, Variation

STILL = {"drift": 0.0, "drift_s": 10.0, "noise": 0.0, "noise_s": 1.0, "seed": 0}
ONE_PASS = Work(queries=16, batches=4, tokens=160, latencies_s=None)


class RealLoop(Loop):
    """Work that takes two seconds a run, on the clock of the test."""

    def __init__(self, clock):
        self.clock, self.resets = clock, 0

    @property
    def pass_queries(self):
        return ONE_PASS.queries

    @property
    def shapes(self):
        return (0,)

    def keep_first(self, queries):
        pass

    def reset(self):
        self.resets += 1

    def run(self, queries, first=0):
        self.clock.wait_until(self.clock() + 2.0)
        return ONE_PASS


def bench(clock, **variation):
    variation = Variation(**(STILL | variation))
    return Bench(PowerTrace(50.0), variation, 50.0, clock=clock, wait_until=clock.wait_until, step_s=1.0)


def declared(one_pass, board):
    return DeclaredWork(one_pass=one_pass, bench=board, power_w=200.0, seconds_per_query=0.5)


def settings(**changes):
    return simulated(**({"instrument": CounterOnly(), "drift": 0.0, "lag_s": 0.0} | changes))


@contextlib.contextmanager
def opened(monkeypatch, **changes):
    clock = VirtualClock()
    monkeypatch.setattr("time.perf_counter", clock)
    with OpenSimulated(settings(**changes), "cpu", clock=clock, wait_until=clock.wait_until) as meter:
        yield meter, clock


def test_declared_work_draws_its_power_for_its_time_then_the_board_idles():
    clock = VirtualClock()
    board = bench(clock)
    began_s = clock()
    work = declared(ONE_PASS, board).run(8)
    assert clock() - began_s == pytest.approx(4.0)
    assert board.trace.energy_j(began_s, began_s + 6.0) == pytest.approx(4 * 200 + 2 * 50)
    assert work == Work(queries=8, batches=2, tokens=80, latencies_s=None)


def test_declared_work_has_latencies_where_the_real_work_has():
    one_pass = Work(queries=2, batches=2, tokens=None, latencies_s=[0.1, 0.1])
    assert declared(one_pass, bench(VirtualClock())).run(3).latencies_s == [0.5] * 3


def test_real_work_draws_the_declared_power_for_as_long_as_it_takes():
    clock = VirtualClock()
    board, began_s = bench(clock), clock()
    loop, synchronize = RealLoop(clock), lambda: clock.wait_until(clock() + 1.0)
    work = RealWork(loop=loop, bench=board, power_w=300.0, synchronize=synchronize).run(8)
    assert work is ONE_PASS
    assert board.trace.energy_j(began_s, began_s + 5.0) == pytest.approx(3 * 300 + 2 * 50)


def test_power_rises_with_warmth_as_declared():
    variation = Variation(**(STILL | {"drift": 0.06}))
    assert variation.factor(0.0) == 1.0
    assert variation.factor(10.0) == pytest.approx(1 + 0.06 * (1 - 0.36788), abs=1e-6)
    assert variation.factor(1000.0) == pytest.approx(1.06)


def test_noise_is_the_same_for_the_same_seed_and_moment():
    first, same, other = (Variation(**(STILL | {"noise": 0.01, "seed": seed})) for seed in (1, 1, 2))
    assert first.factor(3.2) == same.factor(3.7) != other.factor(3.2)
    assert first.factor(3.2) != first.factor(4.2)


def test_noise_has_the_declared_spread():
    variation = Variation(**(STILL | {"noise": 0.02}))
    drawn = [variation.factor(float(second)) - 1 for second in range(2000)]
    assert (sum(each**2 for each in drawn) / 2000) ** 0.5 == pytest.approx(0.02, rel=0.05)


def test_a_window_has_the_simulated_reading_and_the_truth(monkeypatch):
    with opened(monkeypatch, tick_s=0.5, gain=1.1) as (meter, clock):
        loop = meter.watch("baseline", RealLoop(clock))
        token = meter.start()
        loop.run(320)  # 0.32 s: no tick has passed since the window began on one
        clock.wait_until(clock() + 0.68)
        readings = meter.stop(token)
    assert readings.method == {"gpu": "simulated:nvml_energy_counter"}
    assert readings.duration_s == pytest.approx(1.0, abs=1e-3)
    assert readings.conditions.truth_j == {"gpu": pytest.approx(0.32 * 300 + 0.68 * 60, rel=1e-3)}
    assert readings.energy_j == {"gpu": pytest.approx(1.1 * (0.32 * 300 + 0.68 * 60), rel=1e-3)}


def test_with_no_declared_seconds_the_real_work_is_done(monkeypatch):
    work = dict.fromkeys(("baseline", "candidate"), ArmWork(seconds_per_query=None, power_w=100.0))
    with opened(monkeypatch, work=work) as (meter, clock):
        assert isinstance(meter.watch("baseline", RealLoop(clock)), RealWork)
        assert meter.describe()["truth"] == {}


def test_the_truth_stands_in_the_description(monkeypatch):
    with opened(monkeypatch, tick_s=0.02) as (meter, _):
        described = meter.describe()
    assert described["name"] == "simulated"
    assert described["truth"] == {"energy_ratio": pytest.approx(0.8)}
    assert described["board"]["tick_s"] == 0.02
    assert described["components"]["gpu"]["method"] == "simulated:nvml_energy_counter"


def test_the_real_meter_reads_the_simulated_board():
    with settings(instrument=real_codecarbon(), tick_s=0.001).open("cpu") as meter:
        token = meter.start()
        meter.bench.draw(200.0, 0.2)
        readings = meter.stop(token)
    assert readings.method == {"gpu": "simulated:nvml_energy_counter"}
    assert readings.energy_j["gpu"] == pytest.approx(readings.conditions.truth_j["gpu"], rel=0.2)


def test_a_broken_counter_is_no_reading():
    with settings(instrument=real_codecarbon(), fault="backwards").open("cpu") as meter:
        token = meter.start()
        meter.bench.draw(200.0, 0.2)
        with pytest.raises(ImpossibleOutput):
            meter.stop(token)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tick_s": 0}, "tick_s"),
        ({"lag_s": -0.1}, "lag_s"),
        ({"drift": 2.0}, "drift"),
        ({"noise": -0.1}, "noise"),
        ({"resolution_mj": 0.5}, "resolution_mj"),
        ({"fault": "fire"}, "meter.fault"),
        ({"work": {}}, "a baseline and a candidate"),
    ],
)
def test_impossible_settings_are_bad_input(changes, message):
    with pytest.raises(InputError, match=message):
        settings(**changes)


@pytest.mark.parametrize("changes", [{"seconds_per_query": 0.0}, {"power_w": -1.0}, {"power_w": "much"}])
def test_impossible_work_is_bad_input(changes):
    with pytest.raises(InputError, match=next(iter(changes))):
        ArmWork(**({"seconds_per_query": 1.0, "power_w": 1.0} | changes))


def test_work_is_declared_on_the_command_line():
    values = resolved(composed(["meter=simulated", "meter.work.candidate={seconds_per_query: null, power_w: 100}"]))
    assert build(values["meter"]).work["candidate"] == ArmWork(seconds_per_query=None, power_w=100)
