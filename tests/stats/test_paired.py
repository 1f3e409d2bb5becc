import math

import pytest

from suite.stats.paired import block_ratios, ratio_interval
from tests.record.test_record import window


def test_a_block_pools_the_windows_of_an_arm():
    windows = [
        window("baseline", 0, 10.0, queries=10), window("baseline", 0, 30.0, queries=10),  # 40 J for 20: 2 J each
        window("candidate", 0, 5.0, queries=10), window("candidate", 0, 15.0, queries=30),  # 20 J for 40: 0.5 J each
    ]  # fmt: skip
    assert block_ratios(windows, "cpu") == [0.25]


def test_the_mean_of_ratios_is_geometric():
    interval = ratio_interval([0.5, 2.0])
    assert interval.estimate == pytest.approx(1.0)
    assert interval.high == pytest.approx(math.exp(12.7062 * math.log(2)), rel=1e-3)  # t(0.975, 1) = 12.7062


def test_one_block_has_no_interval():
    assert ratio_interval([0.5]) is None
