import math

import pytest
from msgspec.structs import astuple

from suite.stats.interval import Interval
from suite.stats.paired import block_ratios, paired_ratio, ratio_interval
from tests.record.test_record import window
from tests.synthetic import windows


def test_a_block_pools_the_windows_of_an_arm():
    windows = [
        window("baseline", 0, 10.0, queries=10), window("baseline", 0, 30.0, queries=10),  # 40 J for 20: 2 J each
        window("candidate", 0, 5.0, queries=10), window("candidate", 0, 15.0, queries=30),  # 20 J for 40: 0.5 J each
    ]  # fmt: skip
    assert block_ratios(windows, "cpu") == [0.25]


def test_the_mean_of_ratios_is_geometric():
    # Logs are ln 2 and -ln 2: mean 0, standard error ln 2, t(1 degree of freedom, 95 %) = 12.7062.
    interval = ratio_interval([0.5, 2.0])
    assert interval.estimate == pytest.approx(1.0)
    assert interval.high == pytest.approx(math.exp(12.706205 * math.log(2)), rel=1e-5)
    assert interval.low == pytest.approx(1 / interval.high)


def test_one_block_has_a_ratio_but_no_interval():
    assert ratio_interval([0.8]) == Interval(0.8)


def test_equal_blocks_have_an_interval_without_width():
    assert astuple(ratio_interval([0.7, 0.7, 0.7])) == pytest.approx((0.7, 0.7, 0.7))


def test_no_blocks_have_no_ratio():
    assert ratio_interval([]) is None
    assert paired_ratio([], "cpu") is None


def test_a_block_without_energy_leaves_no_paired_ratio():
    assert paired_ratio(windows([0.5, 0.0]), "cpu") is None


def test_the_paired_ratio_takes_idle_power_off_both_arms():
    # 100 queries in 1 s: 1 J and 0.5 J a query gross; 20 W idle is 0.2 J a query: 0.3 / 0.8.
    assert paired_ratio(windows([0.5]), "cpu", 20.0) == Interval(pytest.approx(0.375))
