import pytest

from suite.stats.claims import holm, simultaneous_level


def test_the_smallest_p_value_is_held_against_all_comparisons_the_next_against_one_fewer():
    # 0.05/4 = 0.0125, 0.05/3 = 0.0167, 0.05/2 = 0.025: the third fails, and so does what comes after it.
    assert holm([0.012, 0.04, 0.016, 0.03]) == [True, False, True, False]


def test_after_the_first_failure_none_is_claimed():
    assert holm([0.02, 0.021, 0.022]) == [False, False, False]


def test_a_single_comparison_needs_no_correction():
    assert holm([0.05]) == [True]
    assert holm([0.0501]) == [False]
    assert simultaneous_level(1) == 0.95


def test_nothing_is_claimed_of_nothing():
    assert holm([]) == []
    assert simultaneous_level(0) == 0.95


def test_twenty_intervals_hold_at_once_at_a_level_of_their_own():
    assert simultaneous_level(20) == pytest.approx(0.9975)
