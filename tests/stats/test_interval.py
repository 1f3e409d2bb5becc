import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple
from scipy import stats

from suite.stats.interval import Interval, around, clustered_mean_interval, mean_interval, welch_interval

FINITE = st.floats(-1e6, 1e6)


def test_the_t_interval_of_three_values_by_hand():
    # mean 2, standard deviation 1, standard error 1/sqrt(3), t(0.975, 2) = 4.302653 (any table)
    half = 4.302653 / math.sqrt(3)
    assert astuple(mean_interval([1.0, 2.0, 3.0])) == pytest.approx((2.0, 2 - half, 2 + half))


def test_one_value_is_an_estimate_without_an_interval():
    assert mean_interval([1.0]) == Interval(1.0, None, None)


def test_no_values_are_no_estimate():
    assert mean_interval([]) is None


def test_no_spread_gives_an_interval_of_no_width():
    assert mean_interval([2.0, 2.0, 2.0]) == Interval(2.0, 2.0, 2.0)


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
    assert astuple(interval) == pytest.approx((2.0, 2 - 12.7062, 2 + 12.7062), abs=1e-3)


def test_duplicating_items_within_clusters_does_not_narrow_the_interval():
    once = clustered_mean_interval([1.0, 2.0, 4.0], [0, 1, 2])
    doubled = clustered_mean_interval([1.0, 1.0, 2.0, 2.0, 4.0, 4.0], [0, 0, 1, 1, 2, 2])
    assert astuple(doubled) == pytest.approx(astuple(once))


def test_one_cluster_has_no_interval():
    assert clustered_mean_interval([1.0, 2.0, 3.0], [7, 7, 7]) == Interval(2.0)


def test_a_rising_function_takes_the_ends_along():
    assert Interval(0.0, -1.0, 1.0).through(math.exp) == Interval(1.0, math.exp(-1), math.e)
    assert Interval(2.0).through(math.sqrt) == Interval(math.sqrt(2))


def test_an_interval_around_an_estimate():
    assert around(3.0, 0.5) == Interval(3.0, 2.5, 3.5)
    assert around(3.0, None) == Interval(3.0)


def test_an_end_belongs_to_the_interval_and_what_has_none_holds_nothing():
    assert [Interval(0.0, -1.0, 1.0).holds(value) for value in (-1.1, -1.0, 1.0, 1.1)] == [False, True, True, False]
    assert not Interval(0.0).holds(0.0)


def test_half_of_the_width():
    assert Interval(0.0, -1.0, 2.0).half_width == 1.5
    assert Interval(0.0).half_width is None


def test_welchs_interval_by_hand():
    # 0 and 2 against 1 and 3: difference 1, each mean has variance 1: sqrt 2 with two degrees of freedom, t = 4.302653.
    half = 4.302653 * math.sqrt(2)
    assert astuple(welch_interval([[1.0, 3.0]], [[0.0, 2.0]])) == pytest.approx((1.0, 1 - half, 1 + half), rel=1e-5)


def test_welchs_interval_is_scipys():
    first, second = [1.0, 1.4, 0.9, 1.2, 1.1], [0.2, 0.9, 0.4]
    known = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    found = welch_interval([first], [second])
    assert (found.low, found.high) == pytest.approx((known.low, known.high))


def test_sums_of_means_have_the_variances_of_all():
    # Means 1 + 3 - 2 = 2; variances of the means 1, 1 and 0 with one degree of freedom each: t(2) * sqrt 2.
    found = welch_interval([[0.0, 2.0], [2.0, 4.0]], [[2.0, 2.0]])
    assert (found.estimate, found.half_width) == (2.0, pytest.approx(4.302653 * math.sqrt(2), rel=1e-5))


def test_samples_without_spread_have_a_difference_without_width():
    assert welch_interval([[3.0, 3.0]], [[1.0, 1.0]]) == Interval(2.0, 2.0, 2.0)


def test_a_sample_of_one_value_leaves_the_difference_without_an_interval():
    assert welch_interval([[3.0]], [[1.0, 2.0]]) == Interval(1.5)


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
