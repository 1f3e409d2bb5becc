from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.carbon.best_start import Job, choose, move, savings_over_starts
from suite.errors import InputError
from tests.carbon.intensities import BEGINS, series

DAY = [300, 200, 100, 100, 200, 300, 400, 500]
VALUES = st.lists(st.integers(0, 900), min_size=8, max_size=40)


def job(duration_h, slack_h=0.0, begins_h=0.0):
    return Job(starts_at=BEGINS + timedelta(hours=begins_h), duration_h=duration_h, slack_h=slack_h)


def mean_by_minutes(found, starts_at, duration_h):
    """The mean of a window, one minute after the other."""
    first = round((starts_at - found.begins).total_seconds() / 60)
    minutes = range(first, first + round(duration_h * 60))
    return float(np.mean([found.g_co2e_per_kwh[minute * 60 // found.step_s] for minute in minutes]))


def test_the_window_worked_by_hand():
    found = choose(series(DAY), job(2, slack_h=5))
    assert found.best.starts_at == BEGINS + timedelta(hours=2)
    assert found.best.mean_g_co2e_per_kwh == pytest.approx(100)
    assert found.now.mean_g_co2e_per_kwh == pytest.approx(250)
    assert found.worst.starts_at == BEGINS + timedelta(hours=5)
    assert found.worst.mean_g_co2e_per_kwh == pytest.approx(350)
    assert found.saving.share == pytest.approx(0.6)
    assert found.saving_against_worst.share == pytest.approx(1 - 100 / 350)


def test_a_window_may_begin_between_two_slots():
    found = choose(series([400, 200, 100, 300, 400]), job(1.5, slack_h=3))
    assert found.best.starts_at == BEGINS + timedelta(hours=1.5)  # half an hour of 200, an hour of 100
    assert found.best.mean_g_co2e_per_kwh == pytest.approx((0.5 * 200 + 100) / 1.5)


def test_the_earliest_of_equal_windows_is_taken():
    assert choose(series([100] * 6), job(1, slack_h=4)).best.starts_at == BEGINS


def test_without_slack_the_job_starts_at_once():
    found = choose(series(DAY), job(2, begins_h=1))
    assert found.best == found.now == found.worst
    assert found.saving.share == 0


def test_times_keep_the_users_offset():
    rome = timezone(timedelta(hours=1))
    found = choose(series(DAY), Job(starts_at=datetime(2026, 1, 1, 1, tzinfo=rome), duration_h=1, slack_h=6))
    assert found.best.starts_at.isoformat() == "2026-01-01T03:00:00+01:00"


def test_no_carbon_leaves_nothing_to_save():
    assert choose(series([0, 0, 0]), job(1, slack_h=1)).saving is None


@given(VALUES, st.integers(1, 180), st.integers(0, 180), st.integers(0, 59), st.sampled_from([1800, 3600]))
def test_the_window_is_the_true_optimum(values, minutes, slack, late, step_s):
    found = series(values, step_s)
    wanted = job(minutes / 60, slack / 60, late / 60)
    if wanted.deadline > found.ends:
        return
    choice = choose(found, wanted)
    starts = [wanted.starts_at + timedelta(minutes=wait) for wait in range(slack + 1)]
    means = [mean_by_minutes(found, start, minutes / 60) for start in starts]
    assert choice.best.mean_g_co2e_per_kwh == pytest.approx(min(means), abs=1e-6)
    assert choice.worst.mean_g_co2e_per_kwh == pytest.approx(max(means), abs=1e-6)
    again = mean_by_minutes(found, choice.best.starts_at, minutes / 60)
    assert again == pytest.approx(choice.best.mean_g_co2e_per_kwh, abs=1e-6)
    if choice.saving:
        assert choice.saving.share == pytest.approx(1 - again / means[0], abs=1e-6)


@given(VALUES, st.floats(0, 0.9), st.lists(st.sampled_from([-1, 1]), min_size=40, max_size=40))
def test_no_error_within_the_bound_takes_the_saving_out_of_its_interval(values, error, signs):
    found = series(values)
    choice = choose(found, job(2, slack_h=5), error)
    if choice.saving is None:
        return
    true = series(np.asarray(values) * (1 + error * np.asarray(signs[: len(values)])))
    now = mean_by_minutes(true, choice.now.starts_at, 2)
    best = mean_by_minutes(true, choice.best.starts_at, 2)
    if now > 0:
        assert choice.saving.low - 1e-9 <= 1 - best / now <= choice.saving.high + 1e-9


def test_the_interval_worked_by_hand():
    saving = choose(series([200, 100]), job(1, slack_h=1), 0.1).saving
    assert saving.share == pytest.approx(0.5)
    assert saving.low == pytest.approx(1 - 110 / 180)
    assert saving.high == pytest.approx(1 - 90 / 220)


def test_what_two_windows_share_is_off_by_the_same_amount():
    """Starting an hour later swaps the first hour (200) for the third (100); the second (300) is in both."""
    saving = choose(series([200, 300, 100]), job(2, slack_h=1), 0.1).saving
    assert saving.low == pytest.approx(1 - (330 + 110) / (330 + 180))
    assert saving.high == pytest.approx(1 - (270 + 90) / (270 + 220))


def test_an_error_of_nothing_is_an_interval_of_no_width():
    saving = choose(series(DAY), job(2, slack_h=5), 0.0).saving
    assert saving.low == pytest.approx(saving.share)
    assert saving.high == pytest.approx(saving.share)


def test_without_a_stated_error_there_is_no_interval():
    saving = choose(series(DAY), job(2, slack_h=5)).saving
    assert (saving.low, saving.high) == (None, None)


def test_another_region_at_once_and_at_its_best():
    found = move(series(DAY), series([60, 60, 30, 90, 90, 90, 90, 90]), job(1, slack_h=3), 0.1)
    assert found.moved.share == pytest.approx(1 - 60 / 300)
    assert found.moved.low == pytest.approx(1 - 66 / 270)
    assert found.moved_and_waited.share == pytest.approx(1 - 30 / 300)


def test_regions_of_other_signals_are_not_compared():
    with pytest.raises(InputError, match="average and marginal"):
        move(series(DAY), series(DAY, signal="marginal"), job(1))


def test_savings_over_starts_worked_by_hand():
    """Starts at 0, 1 and 2: 300 to 200 saves a third, 200 to 100 a half, 100 stays."""
    found = savings_over_starts(series([300, 200, 100, 100]), 1, 1)
    assert found.starts == 3
    assert found.mean == pytest.approx((1 / 3 + 1 / 2 + 0) / 3)
    assert found.median == pytest.approx(1 / 3)


@given(VALUES, st.integers(1, 6), st.integers(0, 8))
def test_savings_over_starts_are_those_of_each_start(values, halves, slack):
    found = series(values)
    spread = savings_over_starts(found, halves / 2, slack / 2)
    choices = []
    for start in range(len(values)):
        wanted = job(halves / 2, slack / 2, start)
        if wanted.deadline <= found.ends:
            choices.append(choose(found, wanted).saving)
    shares = [saving.share for saving in choices if saving]
    assert (spread is None) == (not shares)
    if spread:
        assert spread.mean == pytest.approx(np.mean(shares), abs=1e-6)
        assert spread.low <= spread.median <= spread.high


def test_more_slack_never_saves_less_with_perfect_foresight():
    year = series(300 + 100 * np.cos(2 * np.pi * np.arange(24 * 365) / 24))
    means = [savings_over_starts(year, 4, slack).mean for slack in (0, 8, 20, 44)]
    assert means == sorted(means)
    assert means[0] == 0


def test_a_forecast_that_is_wrong_can_lose():
    """Forecast says to wait for the second hour; it was worse."""
    found = savings_over_starts(series([100, 200]), 1, 1, decided_on=series([200, 100], origin="forecast"))
    assert found.mean == pytest.approx(-1)


def test_a_forecast_never_beats_perfect_foresight():
    rng = np.random.default_rng(0)
    actual = rng.uniform(100, 500, 500)
    forecast = series(actual * rng.uniform(0.8, 1.2, 500))
    by_forecast = savings_over_starts(series(actual), 3, 12, decided_on=forecast)
    assert 0 < by_forecast.mean < savings_over_starts(series(actual), 3, 12).mean


def test_a_forecast_of_other_hours_is_refused():
    with pytest.raises(InputError, match="other slots"):
        savings_over_starts(series(DAY), 1, 1, decided_on=series(DAY[1:]))


def test_a_series_without_room_for_one_start_has_no_spread():
    assert savings_over_starts(series(DAY), 6, 3) is None


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({"duration_h": 0}, None, "length, in hours"),
        ({"duration_h": -1}, None, "length, in hours"),
        ({"duration_h": float("nan")}, None, "length, in hours"),
        ({"duration_h": 1, "slack_h": -1}, None, "slack"),
        ({"duration_h": 1, "slack_h": 8}, None, "covers 2026-01-01T00:00"),
        ({"duration_h": 1, "begins_h": -1}, None, "covers 2026-01-01T00:00"),
        ({"duration_h": 1}, 1.0, "forecast_error"),
        ({"duration_h": 1}, -0.1, "forecast_error"),
    ],
)
def test_jobs_that_cannot_be_are_refused(wanted, error, words):
    with pytest.raises(InputError, match=words):
        choose(series(DAY), job(**wanted), error)


def test_a_naive_start_is_refused():
    with pytest.raises(InputError, match="offset"):
        Job(starts_at=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), duration_h=1)
