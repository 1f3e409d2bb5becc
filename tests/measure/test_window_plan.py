import dataclasses

import pytest

from suite.core.meter import Ticker
from suite.measure.window_plan import common_pass_queries, distinct_count, plan_windows, window_mix
from tests.world import World, protocol, world_arms

EVEN = {"baseline": 0.01, "candidate": 0.01}
NEVER_ASKED = object()
TICKER = Ticker(period_s=0.1, read=lambda: 0, lag_s=0.1, interpolation=None)


@pytest.mark.parametrize(
    ("count", "one", "other", "expected"), [(256, 8, 64, 256), (256, 8, 48, 288), (64, 1, 1, 64), (10, 7, 3, 21)]
)
def test_the_list_is_a_multiple_of_both_batch_sizes(count, one, other, expected):
    assert common_pass_queries(count, one, other) == expected


def test_a_window_is_whole_passes_where_a_pass_is_short():
    mix = window_mix({"baseline": 0.001, "candidate": 0.0005}, pass_queries=256, step=8, window_s=1.0, least=32)
    # passes take 0.256 s and 0.128 s; 1.05 s need 5 and 9 of them
    assert mix == (256, {"baseline": 5 * 256, "candidate": 9 * 256})


def test_both_arms_run_the_same_part_of_a_long_list_as_often_as_fills_the_window():
    mix = window_mix({"baseline": 0.1, "candidate": 0.05}, pass_queries=256, step=8, window_s=1.0, least=1)
    # 1.05 s hold 11 queries of the slower arm: two steps of 8, 1.6 s; the faster runs them in 0.8 s, so twice
    assert mix == (16, {"baseline": 16, "candidate": 32})


def test_a_slow_arm_is_not_drawn_out_by_a_fast_one():
    mix = window_mix({"baseline": 0.56, "candidate": 0.13}, pass_queries=64, step=1, window_s=0.3, least=32)
    # the same query again and again: once in 0.56 s, four times in 0.52 s; 32 of them would take 18 and 4 s
    assert mix == (1, {"baseline": 1, "candidate": 4})


def test_the_fewest_queries_hold_as_far_as_they_take_twice_the_window():
    mix = window_mix({"baseline": 0.05, "candidate": 0.05}, pass_queries=8, step=8, window_s=1.0, least=40)
    # a pass takes 0.4 s: three fill 1.05 s, and five, which hold 40 queries, fit twice that
    assert mix == (8, {"baseline": 40, "candidate": 40})


def planned(seconds=EVEN, *, ticker=None, swapped=False, paced=False, **changes):
    times = {"window_s": {"cpu": 2.0, "cuda": 5.0}, "slice_s": {"cpu": 0.1, "cuda": None}}
    asked = protocol(**(times | changes))
    return plan_windows(world_arms(World()), seconds, asked, ticker=ticker, swapped=swapped, paced=paced)


def test_windows_are_cut_into_slices_of_the_asked_length():
    plan = planned()
    assert (plan.slices, plan.ticker) == (20, None)
    assert min(plan.queries.values()) * 0.01 >= 2.0


def test_windows_of_queries_with_a_pace_of_their_own_are_in_one_stretch():
    assert planned(paced=True).slices == 1


def test_there_are_no_more_slices_than_batches_and_they_come_in_pairs():
    plan = planned({"baseline": 0.5, "candidate": 0.4}, window_queries=1)
    assert plan.queries == {"baseline": 8, "candidate": 8}  # batches of 4: two of them
    assert plan.slices == 2


def test_one_batch_is_one_stretch():
    assert planned({"baseline": 3.0, "candidate": 3.0}, window_queries=1).slices == 1


def test_a_counter_that_steps_is_waited_for_instead():
    plan = planned(ticker=TICKER, window_ticks=50)
    assert (plan.slices, plan.ticker) == (1, TICKER)
    assert min(plan.queries.values()) * 0.01 >= 50 * 0.1
    assert plan.steps == {"baseline": 4, "candidate": 4}  # one batch of 0.04 s: longer than a twentieth of a period


def test_the_counter_is_looked_at_twenty_times_a_period():
    plan = planned({"baseline": 1e-4, "candidate": 2e-4}, ticker=TICKER)
    assert plan.steps == {"baseline": 48, "candidate": 24}  # 0.005 s in whole batches of 4
    assert plan.pre_rolls == {"baseline": 10_000, "candidate": 5_000}  # ten periods


def test_windows_of_long_queries_are_twice_as_many_periods():
    plan = planned({"baseline": 0.01, "candidate": 0.02}, ticker=TICKER, window_ticks=50)  # 0.08 s a batch
    assert min(plan.queries[arm] * each for arm, each in {"baseline": 0.01, "candidate": 0.02}.items()) >= 10.0


PROMPT = Ticker(period_s=0.1, read=lambda: 0, lag_s=0.02, interpolation=NEVER_ASKED)


def test_windows_on_an_interpolated_counter_are_in_one_stretch_of_the_protocols_length():
    # batches of 0.19 s: longer than a step, which doubles the length of windows that wait for steps
    plan = planned({"baseline": 0.0475, "candidate": 0.0475}, ticker=PROMPT, window_ticks=50, window_queries=1)
    assert plan.slices == 1
    assert plan.queries == {"baseline": 48, "candidate": 48}  # 12 batches of 4: 2.28 s for 2.1 s


def test_an_interpolated_counter_needs_three_steps_a_window():
    times = {"window_s": {"cpu": 0.05, "cuda": 0.05}}
    plan = planned({"baseline": 0.001, "candidate": 0.001}, ticker=PROMPT, window_queries=1, **times)
    assert min(plan.queries.values()) * 0.001 == pytest.approx(0.32, abs=0.01)  # 0.3 s and 5 %


@pytest.mark.parametrize(
    ("batch_s", "batches"),
    [(0.19, 1), (0.1, 2), (0.01, 13)],  # at least 0.126 s: a step and the lag, and 5 %
)
def test_the_arms_own_work_fills_a_step_and_the_lag_on_both_sides(batch_s, batches):
    plan = planned({"baseline": batch_s / 4, "candidate": batch_s / 4}, ticker=PROMPT)
    assert plan.pre_rolls == {"baseline": 4 * batches, "candidate": 4 * batches}


def test_windows_of_swapped_arms_are_longer_and_in_one_stretch():
    plan = planned(swapped=True, swapped_factor=2)
    assert plan.slices == 1
    assert min(plan.queries.values()) * 0.01 >= 4.0


@pytest.mark.parametrize(("waiting_batches", "span"), [(1, 4), (2, 8)])
def test_a_window_holds_whole_lists_of_the_queries_that_wait_together(waiting_batches, span):
    arms = world_arms(World())
    setup = arms["candidate"].setup.replace(waiting_batches=waiting_batches)
    arms["candidate"] = dataclasses.replace(arms["candidate"], setup=setup)
    slow = {"baseline": 0.3, "candidate": 0.3}
    rules = protocol(window_s={"cpu": 1.0, "cuda": 5.0}, window_queries=1)
    plan = plan_windows(arms, slow, rules, ticker=None, swapped=False)
    # 1.05 s hold 3.5 queries: one batch of 4, or the two that wait together
    assert (plan.span, plan.queries) == (span, {"baseline": span, "candidate": span})


def test_fresh_queries_are_as_many_in_both_arms_and_the_list_is_not_cut():
    plan = planned({"baseline": 0.1, "candidate": 0.01}, fresh_queries=True, window_queries=250)
    assert plan.queries == {"baseline": 252, "candidate": 252}  # batches of four; 2.1 s of the faster arm are 210
    assert (plan.span, plan.stride) == (8, 252)


def test_fresh_queries_fill_the_window_of_the_faster_arm():
    plan = planned({"baseline": 0.01, "candidate": 0.001}, fresh_queries=True, window_queries=250)
    assert plan.queries == {"baseline": 2100, "candidate": 2100}


def test_the_slices_of_fresh_queries_are_as_short_as_asked_however_long_the_window():
    plan = planned({"baseline": 0.1, "candidate": 0.1}, fresh_queries=True, window_queries=100)
    assert plan.slices == 24  # 10 s are 100 slices of a tenth of a second; a batch takes 0.4 s, and there are 25


@pytest.mark.parametrize(
    ("fresh", "blocks", "different"),
    [(False, 4, 6), (True, 1, 4), (True, 2, 8), (True, 3, 10), (True, 9, 10)],
)
def test_how_many_queries_differ_is_counted_over_the_blocks(fresh, blocks, different):
    plan = dataclasses.replace(planned(), span=20 if fresh else 6, stride=4 if fresh else 0)
    queries = [[number] for number in range(10)] * 2
    assert distinct_count(queries, plan, blocks) == different
