import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measurement.virtual import VirtualClock
from suite.machine.nvml.board import Board
from suite.machine.nvml.counter_probe import Counter, onset_of_load, probe_counters
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.machine.nvml.step_watch import StepWatch
from suite.machine.nvml.steps import Step, step_times, well_seen

H100 = json.loads(Path(__file__).with_name("h100_steps.json").read_text())


def probed(monkeypatch, *, idle_w=100.0, busy_w=400.0, batch_s=0.19, **shape):
    """What the probe finds on a simulated board, and the seconds that it took."""
    clock = VirtualClock()
    monkeypatch.setattr("time.perf_counter", clock)
    trace = PowerTrace(idle_w)
    board = SimulatedBoard(trace=trace, clock=clock, wait=clock.sleep, **({"reading_s": 0.003} | shape))

    def work():
        trace.set_power(busy_w, clock.now_s)
        clock.sleep(batch_s)
        trace.set_power(idle_w, clock.now_s)

    with SimulatedNvml([board]).installed():
        began_s, watch = clock.now_s, StepWatch(Board.by_uuid(board.uuid), clock)
        found = probe_counters([watch], work, clock)
        return found[0] if found else None, clock.now_s - began_s


@pytest.mark.parametrize("batch_s", [0.004, 0.19, 0.7])
@pytest.mark.parametrize("lag_s", [0.0, 0.1, 0.25, 1.0])
def test_the_lag_is_found(monkeypatch, lag_s, batch_s):
    counter, _ = probed(monkeypatch, tick_s=0.1, lag_s=lag_s, batch_s=batch_s)
    assert counter.lag_s == pytest.approx(lag_s, abs=0.02)
    assert counter.period_s == pytest.approx(0.1, abs=0.001)
    assert counter.is_prompt == (lag_s == 0.0)


@pytest.mark.parametrize("tick_s", [0.02, 0.04, 0.5])
def test_counters_of_other_periods_are_found_as_well(monkeypatch, tick_s):
    counter, _ = probed(monkeypatch, tick_s=tick_s, reading_s=0.0005)
    assert counter.period_s == pytest.approx(tick_s, rel=0.02)


def test_the_power_at_rest_is_found(monkeypatch):
    counter, _ = probed(monkeypatch)
    assert counter.rest_w == pytest.approx(100.0, rel=0.02)


def test_a_prompt_counter_takes_less_than_two_seconds(monkeypatch):
    _, took_s = probed(monkeypatch)
    assert took_s < 2.0  # of the board's own time


def test_a_load_too_small_to_tell_leaves_the_lag_open(monkeypatch):
    counter, took_s = probed(monkeypatch, busy_w=104.0)
    assert counter == Counter(period_s=pytest.approx(0.1, abs=0.001), lag_s=None, rest_w=None)
    assert not counter.is_prompt
    assert took_s < 6.0


@pytest.mark.parametrize("fault", ["still", "no_counter"])
def test_a_counter_that_does_not_step_has_no_period(monkeypatch, fault):
    assert probed(monkeypatch, fault=fault)[0] is None


def curve(powers_w, step_s=0.1):
    """Moments of steps, and joules at each, with these powers between them."""
    return np.arange(len(powers_w) + 1) * step_s, np.concatenate([[0.0], np.cumsum(np.array(powers_w) * step_s)])


def test_a_load_in_the_middle_of_a_step_has_no_lag():
    # 100 W; from 0.36 s on 500 W: 60 ms and 40 ms of the step until 0.4 s
    powers_w = [100, 100, 100, 260, 500, 500, 500, 500, 500]
    onset = onset_of_load(*curve(powers_w), 0.36)
    assert onset.lag_s == pytest.approx(0.0, abs=1e-9)
    assert onset.rest_w == 100


def test_the_same_curve_under_an_earlier_load_lags():
    powers_w = [100, 100, 100, 100, 100, 260, 500, 500, 500, 500, 500]
    assert onset_of_load(*curve(powers_w), 0.31).lag_s == pytest.approx(0.25, abs=1e-9)


def test_a_power_that_rises_over_a_second_lags():
    """As of a counter that adds up a running mean of power."""
    powers_w = [100.0] * 4 + [100 + 400 * min(1.0, 0.1 * (step + 0.5)) for step in range(14)]
    assert onset_of_load(*curve(powers_w), 0.4).lag_s > 0.2


@pytest.mark.parametrize("powers_w", [[100, 100, 100], [100, 100, 100, 400, 400], [100] * 3 + [105] * 9])
def test_without_a_rise_and_what_follows_nothing_is_told(powers_w):
    assert onset_of_load(*curve(powers_w), 0.3) is None


def test_a_real_board_has_no_lag():
    """Four steps of idle, then the load: an H100 draws the most at once, which reads as a lag below 0."""
    steps = [Step(after_s=after_s, before_s=before_s, counter_mj=count) for after_s, before_s, count in H100["steps"]]
    steps = well_seen([step for step in steps if 35.9 < step.middle_s < 37.3])
    onset = onset_of_load(step_times(steps)[0], np.array([step.counter_mj / 1e3 for step in steps]), H100["load_s"])
    assert -0.03 < onset.lag_s < 0.05
    assert onset.rest_w == pytest.approx(120, abs=3)
    assert Counter(period_s=0.1, lag_s=onset.lag_s, rest_w=onset.rest_w).is_prompt


def test_a_probe_gives_the_error_of_the_work(monkeypatch):
    def fails():
        raise RuntimeError("the model does not run")

    clock = VirtualClock()
    monkeypatch.setattr("time.perf_counter", clock)
    board = SimulatedBoard(trace=PowerTrace(100.0), clock=clock, wait=clock.sleep)
    with SimulatedNvml([board]).installed(), pytest.raises(RuntimeError, match="does not run"):
        probe_counters([StepWatch(Board.by_uuid(board.uuid), clock)], fails, clock)
    assert math.isfinite(clock.now_s)
