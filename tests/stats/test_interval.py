import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.stats.interval import Interval, clustered_mean_interval, mean_interval

FINITE = st.floats(-1e6, 1e6)


def test_the_t_interval_of_three_values_by_hand():
    # mean 2, standard deviation 1, standard error 1/sqrt(3), t(0.975, 2) = 4.302653 (any table)
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx(
        (2.0, 2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3))
    )


def test_one_value_has_no_interval():
    assert mean_interval([1.0]) is None
    assert mean_interval([]) is None


def test_no_spread_gives_an_interval_of_no_width():
    assert mean_interval([2.0, 2.0, 2.0]) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        mean_interval([1.0, bad])


def test_values_and_clusters_must_be_as_many():
    with pytest.raises(ValueError, match="2 values but 1"):
        clustered_mean_interval([1.0, 2.0], [0])


def test_two_equal_clusters_by_hand():
    # values 1,1,3,3 in clusters 0,0,1,1: mean 2, cluster sums of deviations -2 and 2,
    # variance 2/1 * (4 + 4) / 16 = 1, t(0.975, 1) = 12.7062
    interval = clustered_mean_interval([1.0, 1.0, 3.0, 3.0], [0, 0, 1, 1])
    assert interval == pytest.approx((2.0, 2 - 12.7062, 2 + 12.7062), abs=1e-3)


def test_duplicating_items_within_clusters_does_not_narrow_the_interval():
    once = clustered_mean_interval([1.0, 2.0, 4.0], [0, 1, 2])
    doubled = clustered_mean_interval([1.0, 1.0, 2.0, 2.0, 4.0, 4.0], [0, 0, 1, 1, 2, 2])
    assert doubled == pytest.approx(once)


def test_one_cluster_has_no_interval():
    assert clustered_mean_interval([1.0, 2.0, 3.0], [7, 7, 7]) is None


def test_the_exponential_keeps_the_order_of_the_ends():
    assert Interval(0.0, -1.0, 1.0).exp() == pytest.approx((1.0, 1 / math.e, math.e))


@given(st.lists(FINITE, min_size=2, max_size=30))
def test_the_interval_holds_its_estimate(values):
    interval = mean_interval(values)
    assert interval is not None
    assert interval.low <= interval.estimate <= interval.high


@given(st.lists(FINITE, min_size=2, max_size=30), FINITE)
def test_the_width_does_not_change_when_all_values_shift(values, shift):
    assert mean_interval([value + shift for value in values]).half_width == pytest.approx(
        mean_interval(values).half_width, rel=1e-6, abs=1e-6
    )
