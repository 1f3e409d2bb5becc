from datetime import UTC, datetime

import pytest

from suite.carbon.intensity import About, Slot, check_comparable, series_of
from suite.errors import InputError
from tests.carbon.intensities import about, series


def slots(*pairs):
    return [
        Slot(where=f"line {line}", time=time, g_co2e_per_kwh=value) for line, (time, value) in enumerate(pairs, start=2)
    ]


def test_a_series_is_in_utc_and_knows_its_ends():
    found = series_of(
        slots(("2026-01-01T01:00+01:00", "100"), ("2026-01-01T01:30+01:00", 200), ("2026-01-01T02:00+01:00", 300.5)),
        about(),
    )
    assert (found.begins, found.ends) == (
        datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2026, 1, 1, 1, 30, tzinfo=UTC),
    )
    assert found.step_s == 1800
    assert found.g_co2e_per_kwh.tolist() == [100.0, 200.0, 300.5]


def test_values_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        series([1.0, 2.0]).g_co2e_per_kwh[0] = 0.0


def test_clock_changes_written_with_their_own_offsets_are_no_gap():
    spring = slots(("2026-03-29T01:00+01:00", 1), ("2026-03-29T03:00+02:00", 2), ("2026-03-29T04:00+02:00", 3))
    autumn = slots(("2026-10-25T02:00+02:00", 1), ("2026-10-25T02:00+01:00", 2), ("2026-10-25T03:00+01:00", 3))
    assert [len(series_of(each, about()).g_co2e_per_kwh) for each in (spring, autumn)] == [3, 3]


def test_a_format_in_utc_may_leave_the_offset_out():
    told = About(zone="DE", signal="average", boundary="direct", origin="actual", source="f", utc=True)
    found = series_of(slots(("2026-01-01 00:00:00", 1), ("2026-01-01 01:00:00", 2)), told)
    assert found.begins == datetime(2026, 1, 1, tzinfo=UTC)


def test_stray_milliseconds_are_dropped():
    times = ("2026-01-01T00:00:00.7665571+11:00", "2026-01-01T01:00:00.7666297+11:00")
    assert series_of(slots(*((time, 1) for time in times)), about()).step_s == 3600


HOURS = [f"2026-01-01T0{hour}:00Z" for hour in range(5)]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(HOURS[0], 1)], "too few"),
        ([("2026-01-01T00:00", 1), (HOURS[1], 1)], r"line 2: the time has no offset"),
        ([(HOURS[0], 1), ("yesterday", 1)], r"line 3: the time is no time, got 'yesterday'"),
        ([(HOURS[0], 1), (HOURS[1], "")], r"line 3 \(2026-01-01T01:00Z\) has no value"),
        ([(HOURS[0], 1), (HOURS[1], -1)], r"line 3 .*0 or more, got -1"),
        ([(HOURS[0], 1), (HOURS[1], "nan")], r"line 3 .*finite"),
        ([(HOURS[0], "inf"), (HOURS[1], 1)], r"line 2 .*finite"),
        ([(HOURS[0], "low"), (HOURS[1], 1)], r"line 2 .*finite"),
        ([(HOURS[0], 1), (HOURS[1], [])], r"line 3 .*finite"),
        ([(HOURS[0], 1), (HOURS[1], 1), (HOURS[1], 1)], "line 4 repeats"),
        ([(HOURS[0], 1), (HOURS[2], 1), (HOURS[1], 1)], "line 4 is earlier"),
        ([(HOURS[0], 1), (HOURS[1], 1), (HOURS[2], 1), (HOURS[4], 1)], "line 5 leaves a gap"),
        ([(HOURS[0], 1), (HOURS[1], 1), (HOURS[2], 1), ("2026-01-01T02:30Z", 1)], "line 5 comes too soon"),
        ([(HOURS[0], 1), (HOURS[2], 1)], "slots of another length, got '7200 s'"),
        ([("2026-03-29T00:00+01:00", 1), ("2026-03-29T01:00+01:00", 1), ("2026-03-29T03:00+01:00", 1),
          ("2026-03-29T04:00+01:00", 1)], "line 4 leaves a gap.*clocks"),
        ([("2026-10-25T01:00+02:00", 1), ("2026-10-25T02:00+02:00", 1), ("2026-10-25T02:00+02:00", 1)],
         "line 4 repeats.*clocks"),
    ],
)  # fmt: skip
def test_what_is_no_regular_series_is_refused_with_its_place(pairs, words):
    with pytest.raises(InputError, match=words):
        series_of(slots(*pairs), about())


def test_average_and_marginal_are_never_mixed():
    with pytest.raises(InputError, match="average and marginal"):
        check_comparable(series([1.0, 2.0]), series([1.0, 2.0], signal="marginal"))


def test_direct_and_life_cycle_are_never_mixed():
    with pytest.raises(InputError, match="direct and life-cycle"):
        check_comparable(series([1.0, 2.0], boundary="direct"), series([1.0, 2.0], boundary="life_cycle"))


def test_an_unstated_boundary_may_meet_any():
    check_comparable(series([1.0, 2.0], boundary="direct"), series([1.0, 2.0]))
