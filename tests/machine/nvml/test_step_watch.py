import contextlib
import threading
import time

import pytest

from benchmarks.measurement.virtual import VirtualClock
from suite.machine.nvml.background import Threads
from suite.machine.nvml.board import Board
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.machine.nvml.step_watch import StepWatch

READING_S = 0.003  # of an H100's counter


class Scene:
    """A simulated board whose counter takes 3 ms to read, on a clock of its own, and the watch on it."""

    def __init__(self, clock, **changes):
        self.clock = clock
        shape = {"tick_s": 0.1, "reading_s": READING_S} | changes
        self.simulated = SimulatedBoard(trace=PowerTrace(200.0), clock=clock, wait=clock.sleep, **shape)
        self.looked_s = []
        shown_mj = self.simulated.counter_mj
        self.simulated.counter_mj = lambda: self.looked_s.append(clock.now_s) or shown_mj()

    def watch(self):
        board = Board.by_uuid(self.simulated.uuid)
        self.looked_s.clear()
        return StepWatch(board, self.clock)


@pytest.fixture
def scene(monkeypatch):
    with contextlib.ExitStack() as stack:

        def made(**changes):
            clock = VirtualClock()
            monkeypatch.setattr("time.perf_counter", clock)
            scene = Scene(clock, **changes)
            stack.enter_context(SimulatedNvml([scene.simulated]).installed())
            return scene

        yield made


def test_every_step_is_noted_with_the_time_of_two_looks(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(5.0)
    steps = watch.steps()
    assert len(steps) == 50
    for step in steps:
        tick_s = 0.1 * round(step.middle_s / 0.1)
        assert step.after_s <= tick_s <= step.before_s
        assert step.before_s - step.after_s < 2 * READING_S + 0.001
    assert watch.period_s == pytest.approx(0.1, abs=0.003)


def test_it_sleeps_between_the_steps(scene):
    here = scene()
    here.watch()
    here.clock.sleep(1.0)
    here.looked_s.clear()
    here.clock.sleep(5.0)
    assert len(here.looked_s) <= 3 * 50  # two looks at least tell when a step came


def test_energy_between_two_moments_is_right_to_a_look_over_a_thousand(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(1.03)
    here.simulated.trace.set_power(300.0, here.clock.now_s)
    here.clock.sleep(0.25)
    from_s = here.clock.now_s
    here.clock.sleep(2.0)
    to_s = here.clock.now_s
    here.clock.sleep(0.11)
    found = watch.rise(from_s, to_s)
    assert found.energy_j == pytest.approx(600.0, rel=0.001)
    assert found.uncertainty_j < 600.0 * 0.001


def test_energy_is_known_once_the_step_after_was_noted(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(1.02)
    moment_s = here.clock.now_s
    here.clock.sleep(0.05)
    assert not watch.noted_after(moment_s)
    assert watch.rise(moment_s - 0.5, moment_s) is None
    here.clock.sleep(0.05)
    assert watch.noted_after(moment_s)
    assert watch.rise(moment_s - 0.5, moment_s).energy_j == pytest.approx(100.0, rel=0.01)


def test_a_step_that_was_seen_late_is_not_enough(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(1.02)
    moment_s = here.clock.now_s
    watch.pause()  # as if the thread got no time
    here.clock.sleep(0.13)
    watch.resume()
    here.clock.sleep(0.02)
    assert watch.steps()[-1].before_s > moment_s  # the step at 1.1 s, seen at 1.15 s
    assert not watch.noted_after(moment_s)
    here.clock.sleep(0.05)
    assert watch.noted_after(moment_s)
    assert watch.rise(moment_s - 0.5, moment_s).energy_j == pytest.approx(100.0, rel=0.01)


def test_a_counter_that_changes_its_phase_is_found_again(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(2.0)
    here.simulated.phase_s = 0.06
    here.clock.sleep(2.0)
    ticks = [(step.after_s, step.before_s) for step in watch.steps()[-15:]]
    assert all(after_s <= 0.06 + 0.1 * round((after_s - 0.06) / 0.1) <= before_s for after_s, before_s in ticks)
    assert all(before_s - after_s < 2 * READING_S + 0.001 for after_s, before_s in ticks)


def test_a_paused_watch_does_not_look(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(1.0)
    watch.pause()
    here.looked_s.clear()
    here.clock.sleep(3.0)
    assert here.looked_s == []
    watch.resume()
    here.clock.sleep(0.2)
    resumed = watch.steps()[-1]
    assert resumed.before_s - resumed.after_s < 2 * READING_S + 0.001


def test_a_counter_that_stands_still_is_not_looked_at_in_haste(scene):
    here = scene()
    here.watch()
    here.clock.sleep(1.0)
    here.simulated.counter_mj = lambda: here.looked_s.append(here.clock.now_s) or 7
    here.clock.sleep(1.0)
    here.looked_s.clear()
    here.clock.sleep(10.0)
    assert len(here.looked_s) < 10.0 / 0.01


def test_a_counter_that_rises_all_the_time_is_looked_at_a_hundred_times_a_second(scene):
    here = scene(tick_s=0.001, reading_s=0.0)
    watch = here.watch()
    here.clock.sleep(1.0)
    here.looked_s.clear()
    here.clock.sleep(2.0)
    assert len(here.looked_s) <= 201
    to_s = here.clock.now_s
    here.clock.sleep(0.05)
    assert watch.rise(to_s - 1.0, to_s).energy_j == pytest.approx(200.0, rel=0.002)


@pytest.mark.parametrize("fault", ["error", "crash", "nan"])
def test_a_board_that_gives_no_answer_has_no_steps(scene, fault):
    here = scene()
    board = Board.by_uuid(here.simulated.uuid)
    here.simulated.fault = fault
    watch = StepWatch(board, here.clock)
    here.clock.sleep(1.0)
    assert watch.steps() == []
    assert watch.period_s is None
    assert not watch.noted_after(0.0)


def test_looks_between_two_moments_are_summed_up(scene):
    here = scene()
    watch = here.watch()
    here.clock.sleep(1.0)
    here.simulated.temperature_c = 60
    from_s = here.clock.now_s
    here.clock.sleep(2.0)
    to_s = here.clock.now_s
    here.simulated.temperature_c = 90
    here.clock.sleep(1.0)
    seen = watch.watched(from_s, to_s)
    assert seen.integral_j == pytest.approx(400.0, rel=1e-3)
    assert {state.temperature_c for state in seen.states} == {60.0}
    assert seen.longest_still_s == pytest.approx(0.1, abs=0.02)


def test_a_thread_looks_until_it_is_paused():
    simulated = SimulatedBoard(trace=PowerTrace(200.0), tick_s=0.02)
    with SimulatedNvml([simulated]).installed():
        watch = StepWatch(Board.by_uuid(simulated.uuid), Threads())
        deadline_s = time.monotonic() + 20
        while len(watch.steps()) < 5 and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert [thread.name for thread in threading.enumerate()].count("counter watch") == 1
        watch.pause()
    assert len(watch.steps()) >= 5
    assert "counter watch" not in [thread.name for thread in threading.enumerate()]
    assert 0 < watch.cpu_share < 1
