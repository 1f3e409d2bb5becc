import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from suite.machine.nvml.steps import NO_RESTS, Look, Rests, Step, StepLog, rise, step_times, well_seen

H100 = json.loads(Path(__file__).with_name("h100_steps.json").read_text())


def exact(*pairs):
    """Steps whose moments are known exactly: (second, joules)."""
    return [Step(counter_mj=round(1e3 * joules), after_s=at_s, before_s=at_s) for at_s, joules in pairs]


def seen(moments_s, look_s, draw, joules=lambda at_s: 100.0 * at_s):
    """Steps that lie anywhere in the time of two looks."""
    starts = [at_s - draw.random() * look_s for at_s in moments_s]
    return [
        Step(counter_mj=round(1e3 * joules(at_s)), after_s=start_s, before_s=start_s + look_s)
        for at_s, start_s in zip(moments_s, starts, strict=True)
    ]


def look(began_s, counter_mj):
    return Look(began_s=began_s, ended_s=began_s + 0.25, counter_mj=counter_mj)


def test_a_step_lies_between_the_last_look_before_it_and_the_first_after():
    log = StepLog()
    assert log.note(look(1.0, 500)) is None  # nothing to compare with
    assert log.note(look(1.25, 500)) is None
    assert log.note(look(1.5, 700)) == Step(counter_mj=700, after_s=1.25, before_s=1.75)
    assert log.steps() == [Step(counter_mj=700, after_s=1.25, before_s=1.75)]


def test_the_oldest_steps_make_room_for_new_ones():
    log = StepLog(most=3)
    for second in range(10):
        log.note(look(second, second))
    assert [step.counter_mj for step in log.steps()] == [7, 8, 9]
    assert [step.counter_mj for step in log.latest(2)] == [8, 9]


def test_energy_lies_on_straight_lines_between_the_steps():
    steps = exact((0, 0), (1, 100), (2, 300), (3, 400))
    # 50 J at 0.5 s, 350 J at 2.5 s
    assert rise(steps, 0.5, 2.5).energy_j == pytest.approx(300.0)
    assert rise(steps, 1.0, 2.0).energy_j == pytest.approx(200.0)


def test_a_step_that_was_seen_late_never_falls_onto_the_next_one():
    """Seen so late that its middle lies 1.5 periods after the one before and 0.45 before the one after."""
    steps = exact(*((at_s, 100 * at_s) for at_s in range(12)))
    steps[5] = Step(counter_mj=500_000, after_s=4.95, before_s=6.05)
    steps[6] = Step(counter_mj=600_000, after_s=5.9, before_s=6.0)
    times_s, _ = step_times(steps)
    assert np.diff(times_s).min() > 0


def test_an_end_is_as_uncertain_as_the_power_differs_from_the_steps_inside():
    steps = exact((0, 0), (1, 100), (2, 300), (3, 400))
    # at each end half a second of 100 W that might as well be 200 W: 50 J, evenly likely: 50 / sqrt(3)
    assert rise(steps, 0.5, 2.5).uncertainty_j == pytest.approx(50 / math.sqrt(3) * math.sqrt(2))
    steady = exact((0, 0), (1, 100), (2, 200), (3, 300))
    assert rise(steady, 0.5, 2.5).uncertainty_j == pytest.approx(0.0, abs=1e-3)


def test_an_end_is_as_uncertain_as_the_steps_around_it_in_time():
    # 100 W, steps known to within 60 ms: a standard uncertainty of 30 / sqrt(3) ms each, half of each step at each end
    steps = [Step(counter_mj=100_000 * second, after_s=second - 0.03, before_s=second + 0.03) for second in range(4)]
    found = rise(steps, 0.5, 2.5)
    assert found.energy_j == pytest.approx(200.0)
    assert found.uncertainty_j == pytest.approx(100 * 0.03 / math.sqrt(3) * math.sqrt(4 * 0.5**2))


@pytest.mark.parametrize(("from_s", "to_s"), [(-0.1, 2.5), (0.5, 3.1), (5.0, 6.0)])
def test_beyond_the_steps_nothing_is_known(from_s, to_s):
    assert rise(exact((0, 0), (1, 100), (2, 300), (3, 400)), from_s, to_s) is None


def test_two_steps_are_too_few_to_tell_how_power_changes():
    assert rise(exact((0, 0), (1, 100)), 0.2, 0.8) is None


def test_a_rest_within_a_step_is_no_work():
    # 300 W but for 0.2 s at 50 W from 0.8 s on, just before the window begins at 1.0 s
    steps = exact((0.5, 0), (1.5, 0.8 * 300 + 0.2 * 50), (2.5, 550), (3.5, 850))
    rests = Rests(spans_s=[(0.8, 1.0)], power_w=50.0)
    assert rise(steps, 1.0, 3.0, rests).energy_j == pytest.approx(0.5 * 300 + 300 + 0.5 * 300)
    assert rise(steps, 1.0, 3.0, rests).uncertainty_j == pytest.approx(0.0, abs=1e-3)
    # straight lines put half of the missing 50 J into the window, and say that they may be wrong by as much
    straight = rise(steps, 1.0, 3.0, NO_RESTS)
    assert straight.energy_j == pytest.approx(600 - 25)
    assert straight.uncertainty_j == pytest.approx(25 / math.sqrt(3))


def test_a_step_that_was_mostly_rest_is_a_straight_line():
    steps = exact((0, 0), (1, 100), (2, 400), (3, 700))
    rests = Rests(spans_s=[(0.0, 0.9)], power_w=50.0)
    assert rise(steps, 0.5, 2.5, rests).energy_j == pytest.approx(550 - 50)


def test_a_line_through_all_steps_is_as_good_as_it_says():
    draw, moments_s = random.Random(0), [1000 + 0.1 * number for number in range(24)]
    last_errors_s, first_alone_s, said_s = [], [], []
    for _ in range(300):
        steps = seen(moments_s, 0.007, draw)
        times_s, uncertain_s = step_times(steps)
        last_errors_s.append(times_s[-1] - moments_s[-1])
        first_alone_s.append(steps[0].middle_s - moments_s[0])
        said_s.append(uncertain_s[-1])
    error_s = np.sqrt(np.mean(np.square(last_errors_s)))  # at its end a line is worst
    assert error_s == pytest.approx(np.mean(said_s), rel=0.1)
    assert error_s < np.sqrt(np.mean(np.square(first_alone_s))) / 2


def test_steps_that_come_irregularly_are_each_taken_by_itself():
    draw = random.Random(0)
    moments_s = [0.1 * number + draw.choice([0.0, 0.02]) for number in range(24)]
    steps = seen(moments_s, 0.004, draw)
    times_s, uncertain_s = step_times(steps)
    assert list(times_s) == [step.middle_s for step in steps]
    assert uncertain_s == pytest.approx(0.002 / math.sqrt(3))


def test_a_step_that_no_look_came_near_is_left_out():
    draw = random.Random(0)
    steps = seen([0.1 * number for number in range(20)], 0.007, draw)
    # the thread slept over the step at 0.7 s and saw that of 0.8 s late
    steps[8] = Step(counter_mj=steps[8].counter_mj, after_s=0.61, before_s=0.86)
    del steps[7]
    assert steps[7] not in well_seen(steps)
    assert rise(steps, 0.55, 1.55).energy_j == pytest.approx(100.0, abs=0.3)


def test_a_counter_that_rises_at_every_look_is_read_all_the_same():
    steps = [
        Step(counter_mj=1000 * number, after_s=0.01 * number - 0.012, before_s=0.01 * number) for number in range(60)
    ]
    assert rise(steps, 0.1, 0.4).energy_j == pytest.approx(30.0, abs=0.1)


def test_a_real_counter_steps_every_100_ms_on_a_line():
    steps = [Step(after_s=after_s, before_s=before_s, counter_mj=count) for after_s, before_s, count in H100["steps"]]
    times_s, uncertain_s = step_times(well_seen(steps))
    assert np.diff(times_s) == pytest.approx(0.1, abs=1e-4)
    assert max(uncertain_s) < 0.001
