import threading
import time

import pytest

from suite.machine.nvml import sampler
from suite.machine.nvml.board import Board
from suite.machine.nvml.board_window import BoardWindow, whole_sum
from suite.machine.nvml.sampler import Poll, Watch, summarise
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml


def polls(*readings):
    return [Poll(at_s=at_s, power_w=power_w, counter_mj=counter_mj) for at_s, power_w, counter_mj in readings]


def our_threads():
    return [thread.name for thread in threading.enumerate() if thread.name == "board watch"]


@pytest.fixture
def simulated():
    board = SimulatedBoard(trace=PowerTrace(200.0), tick_s=0.02)
    with SimulatedNvml([board]).installed():
        yield board


@pytest.mark.parametrize(
    ("readings", "integral_j"),
    [
        (polls((0.0, 100.0, 0), (1.0, 200.0, 0)), 150.0),  # a straight line
        (polls((0.2, 100.0, 0), (0.8, 100.0, 0)), 100.0),  # level to both ends of the window
        (polls((-1.0, 50.0, 0), (0.5, 100.0, 0), (2.0, 100.0, 0)), 0.5 * 75.0 + 0.5 * 100.0),  # cut at both ends
        (polls((0.0, 100.0, 0), (0.5, None, 0), (1.0, 100.0, 0)), 100.0),  # a reading that failed
        (polls((0.5, 100.0, 0)), None),
        (polls((0.0, None, 0), (1.0, None, 0)), None),
        ([], None),
    ],
)
def test_the_integral_covers_the_window_and_nothing_else(readings, integral_j):
    watched = summarise(readings, 0.0, 1.0, cpu_s=0.0)
    assert watched.integral_j == (None if integral_j is None else pytest.approx(integral_j))


def test_readings_are_counted_and_the_highest_is_kept():
    watched = summarise(polls((0.0, 100.0, 0), (0.5, 400.0, 0), (0.7, None, 0)), 0.0, 1.0, cpu_s=0.0)
    assert (watched.polls, watched.max_power_w) == (2, 400.0)


@pytest.mark.parametrize(
    ("counts", "still_s"),
    [
        ([1, 2, 3, 4, 5], 0.0),  # a new value at every look
        ([1, 1, 2, 2, 3], 1.0),
        ([1, 2, 2, 2, 3], 2.0),
        ([7, 7, 7, 7, 7], 4.0),
        ([1, None, None, 1, 2], 3.0),
        ([None, None, None, None, None], None),
    ],
)
def test_the_longest_time_without_a_rise(counts, still_s):
    readings = polls(*((float(second), 1.0, count) for second, count in enumerate(counts)))
    assert summarise(readings, 0.0, 5.0, cpu_s=0.0).longest_still_s == still_s


def test_a_watch_sees_power_and_leaves_no_thread(simulated):
    board = Board.by_uuid(simulated.uuid)
    began_s = time.perf_counter()
    watching = Watch(board, poll_s=0.01)
    time.sleep(0.1)
    ended_s = time.perf_counter()
    watched = watching.stop(began_s, ended_s)
    assert watched.integral_j == pytest.approx(200.0 * (ended_s - began_s))
    assert watched.polls > 1
    assert our_threads() == []


@pytest.mark.parametrize("fault", ["error", "crash"])
def test_a_board_that_gives_no_answer_ends_as_missing_values(simulated, fault):
    board = Board.by_uuid(simulated.uuid)
    simulated.fault = fault
    watching = Watch(board, poll_s=0.01)
    time.sleep(0.03)
    watched = watching.stop(0.0, 1.0)
    assert (watched.polls, watched.integral_j, watched.max_power_w, watched.longest_still_s) == (0, None, None, None)


def test_a_driver_that_hangs_is_not_waited_for(simulated, monkeypatch):
    monkeypatch.setattr(sampler, "_HANG_S", 0.02)
    board, answers = Board.by_uuid(simulated.uuid), threading.Event()
    monkeypatch.setattr(board, "energy_mj", answers.wait)
    hung = Watch(board)
    assert hung.stop(0.0, 1.0).integral_j is None
    answers.set()


def test_watching_costs_little(simulated):
    watching = Watch(Board.by_uuid(simulated.uuid))
    began_s = time.perf_counter()
    time.sleep(0.5)
    watched = watching.stop(began_s, time.perf_counter())
    assert watched.cpu_s < 0.05 * 0.5  # about 0.5 % of a core; a busy loop would take all of it


def test_a_window_holds_what_the_board_showed(simulated):
    simulated.power_limit_w = 350.0
    window = BoardWindow((Board.by_uuid(simulated.uuid),), quiet=False)
    simulated.temperature_c, simulated.clocks_event_reasons = 60, 0x4
    time.sleep(0.1)
    window.end()
    seen = window.conditions()
    assert seen.integral_j == pytest.approx(200.0 * window.watched_s)
    assert seen.counter_j == pytest.approx(seen.integral_j, abs=200.0 * 0.03)  # a tick, and the time to read it
    assert (seen.max_power_w, seen.power_limit_w) == (200.0, 350.0)
    assert (seen.temperature_c, seen.throttle_reasons) == ([40.0, 60.0], ["power limit reached"])


def test_a_quiet_window_is_not_looked_into(simulated):
    window = BoardWindow((Board.by_uuid(simulated.uuid),), quiet=True)
    asked = []
    simulated.clock = lambda: asked.append(1) or time.perf_counter()
    time.sleep(0.12)
    assert asked == []
    window.end()
    seen = window.conditions()
    assert (seen.polls, seen.integral_j) == (0, None)
    assert seen.counter_j is not None


def test_a_counter_lost_on_the_way_leaves_no_figure(simulated):
    window = BoardWindow((Board.by_uuid(simulated.uuid),), quiet=True)
    simulated.fault = "error"
    window.end()
    assert window.conditions().counter_j is None


@pytest.fixture
def two():
    boards = [
        SimulatedBoard(trace=PowerTrace(power_w), uuid=uuid, tick_s=0.02, power_limit_w=300.0)
        for uuid, power_w in (("GPU-a", 200.0), ("GPU-b", 50.0))
    ]
    with SimulatedNvml(boards).installed():
        yield boards


def test_a_window_on_two_boards_holds_what_both_showed(two):
    window = BoardWindow([Board.by_uuid(board.uuid) for board in two], quiet=False)
    two[1].temperature_c, two[1].clocks_event_reasons = 70, 0x4
    time.sleep(0.15)
    window.end()
    counters_j = window.counters_j
    seen = window.conditions()
    assert our_threads() == []
    assert seen.integral_j == pytest.approx(250.0 * window.watched_s)
    assert seen.counter_j == sum(counters_j)
    assert counters_j[0] == pytest.approx(4 * counters_j[1], rel=0.4)
    assert (seen.max_power_w, seen.power_limit_w) == (250.0, 600.0)
    assert seen.temperature_c == [40.0, 40.0, 40.0, 70.0]
    assert seen.throttle_reasons == ["power limit reached"]


def test_what_one_of_two_boards_does_not_show_is_not_known_of_both(two):
    window = BoardWindow([Board.by_uuid(board.uuid) for board in two], quiet=False)
    two[1].fault = "error"
    time.sleep(0.15)
    window.end()
    seen = window.conditions()
    assert window.counters_j[0] is not None
    assert window.counters_j[1] is None
    assert seen.counter_j is seen.integral_j is None


@pytest.mark.parametrize(
    ("parts", "whole"), [([1.0, 2.0], 3.0), ([0.0, 2.0], 2.0), ([1.0, None], None), ([None], None), ([], None)]
)
def test_a_sum_is_known_where_every_part_is(parts, whole):
    assert whole_sum(parts) == whole
