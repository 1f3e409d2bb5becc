import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.analysis.point.break_even import break_even_queries, break_even_range, queries_to_cover, repayment


def test_cost_over_saving():
    assert break_even_queries(10.0, 2.0, 0.75) == 20.0  # half a joule a query


def test_free_is_repaid_at_once():
    assert break_even_queries(0.0, 1.0, 0.5) == 0.0


@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_what_saves_nothing_never_repays(ratio):
    assert break_even_queries(10.0, 2.0, ratio) is None


@pytest.mark.parametrize("figures", [(None, 1.0, 0.5), (10.0, None, 0.5), (10.0, 2.0, None)])
def test_missing_figures_give_nothing(figures):
    assert break_even_queries(*figures) is None


@pytest.mark.parametrize(
    ("low", "high", "queries", "expected"),
    [
        (0.7, 0.8, 20.0, "repaid"),
        (0.7, 0.8, 0.0, "at-once"),
        (0.7, 0.8, None, "unknown"),  # the cost was not read
        (1.01, 1.2, None, "never"),
        (0.9, 1.0, 20.0, "unresolved"),  # the saving may be none
        (None, None, 20.0, "unknown"),
    ],
)
def test_what_may_be_said_of_a_break_even(low, high, queries, expected):
    assert repayment(low, high, queries) == expected


def test_a_wider_ratio_widens_the_break_even():
    # 10 J at 1 J a query: saving 0.5 J repays after 20 queries, saving 0.2 J after 50.
    assert break_even_range(10.0, 1.0, 0.5, 0.8) == pytest.approx((20.0, 50.0))


@pytest.mark.parametrize("high", [1.0, 1.2])
def test_a_ratio_that_reaches_one_leaves_the_upper_end_open(high):
    assert break_even_range(10.0, 1.0, 0.5, high) == (20.0, None)


def test_what_costs_energy_has_no_break_even_at_either_end():
    assert break_even_range(10.0, 1.0, 1.1, 1.3) == (None, None)


@pytest.mark.parametrize("figures", [(None, 1.0, 0.5, 0.8), (10.0, None, 0.5, 0.8), (10.0, 1.0, None, None)])
def test_missing_figures_give_no_range(figures):
    assert break_even_range(*figures) == (None, None)


@given(cost=st.floats(0.0, 1e9), baseline=st.floats(1e-9, 1e6), ratio=st.floats(0.01, 0.99), width=st.floats(0.0, 0.5))
def test_the_range_holds_the_break_even(cost, baseline, ratio, width):
    low, high = break_even_range(cost, baseline, ratio * (1 - width), min(ratio * (1 + width), 0.999))
    middle = break_even_queries(cost, baseline, ratio)
    assert low <= middle * (1 + 1e-9)
    assert middle <= high * (1 + 1e-9)


@given(cost=st.floats(1e-3, 1e6), saved=st.floats(1e-3, 1e3), factor=st.floats(1e-3, 1e3))
def test_queries_are_linear_in_the_cost_and_free_of_the_unit(cost, saved, factor):
    once = queries_to_cover(cost, saved)
    assert queries_to_cover(cost * factor, saved) == pytest.approx(once * factor)
    assert queries_to_cover(cost * factor, saved * factor) == pytest.approx(once)
