import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.footprint.parity import Span, day_reached, parity, queries_per_day
from suite.footprint.training_case import training_case

ENERGIES = st.floats(1e-9, 1e9)


@pytest.mark.parametrize(
    ("model", "queries"),
    [
        ("BLOOMz-7B", 592_570_000),
        ("BLOOMz-3B", 395_602_740),
        ("BLOOMz-1B", 292_467_741),
        ("BLOOMz-560M", 204_592_592),
    ],
)
def test_published_parities_follow_from_their_own_energies(model, queries):
    case = training_case(model)
    assert case.printed_parity_queries == queries
    assert parity(case.energy_kwh, case.kwh_per_query).value == pytest.approx(queries, rel=1e-3)


def test_the_interval_of_a_query_turns_round():
    assert parity(100, 2, query_low_kwh=1, query_high_kwh=4) == Span(value=50, low=25, high=100)


def test_a_query_that_may_take_nothing_leaves_the_end_open():
    assert parity(100, 2, query_low_kwh=0, query_high_kwh=4) == Span(value=50, low=25, high=None)


def test_days_keep_the_open_end():
    assert Span(value=50, low=25, high=None).in_days(10) == Span(value=5, low=2.5, high=None)


def test_users_make_queries():
    assert queries_per_day(1_000_000, 12) == 12_000_000


@pytest.mark.parametrize(("days", "expected"), [(0.0, "2026-01-01"), (1.5, "2026-01-02"), (31.0, "2026-02-01")])
def test_the_day_on_which_days_are_full(days, expected):
    assert day_reached(datetime.date(2026, 1, 1), days).isoformat() == expected


@pytest.mark.parametrize("days", [None, 4e6, 1e15])
def test_no_day_beyond_the_calendar(days):
    assert day_reached(datetime.date(2026, 1, 1), days) is None


@given(once=ENERGIES, query=ENERGIES, factor=st.floats(1e-3, 1e3))
def test_parity_is_linear_in_training_and_free_of_the_unit(once, query, factor):
    queries = parity(once, query).value
    assert parity(once * factor, query).value == pytest.approx(queries * factor)
    assert parity(once * factor, query * factor).value == pytest.approx(queries)


@given(once=ENERGIES, query=ENERGIES, more=st.floats(1.0, 10.0))
def test_a_dearer_query_never_overtakes_later(once, query, more):
    assert parity(once, query * more).value <= parity(once, query).value


@pytest.mark.parametrize(
    ("figures", "ends"),
    [
        ((-1, 1), {}),
        ((1, 0), {}),
        ((1, float("nan")), {}),
        ((float("inf"), 1), {}),
        (("many", 1), {}),
        ((1, 2), {"query_low_kwh": 3, "query_high_kwh": 4}),
        ((1, 2), {"query_high_kwh": 1}),
        ((1, 2), {"query_low_kwh": -1}),
    ],
)
def test_impossible_energies_are_refused(figures, ends):
    with pytest.raises(InputError):
        parity(*figures, **ends)


@pytest.mark.parametrize("rate", [0, -3, float("nan")])
def test_no_queries_make_no_days(rate):
    with pytest.raises(InputError, match="queries a day"):
        Span(value=1).in_days(rate)
