import math

import numpy as np
import pytest

from suite.stats.outliers import outlying

FAR = math.log(1.25)
STEADY = [
    math.log(ratio)
    for ratio in (0.39, 0.41, 0.43, 0.44, 0.45, 0.46, 0.47, 0.48, 0.49, 0.5, 0.52, 0.42, 0.45, 0.47, 0.44)
]
HUNG = math.log(0.006)


def test_a_hung_block_among_fifteen_is_found():
    assert outlying([*STEADY[:7], HUNG, *STEADY[7:]], FAR) == [number == 7 for number in range(16)]


def test_hung_blocks_do_not_hide_each_other():
    found = outlying([*STEADY[:13], HUNG, HUNG - 0.1, HUNG + 0.1], FAR)
    assert found == [False] * 13 + [True] * 3


def test_blocks_that_hung_in_different_arms_are_all_found():
    assert outlying([*STEADY[:10], HUNG, 5.0], FAR) == [False] * 10 + [True] * 2


def test_at_most_a_quarter_is_left_out():
    assert not any(outlying([0.0, 0.01, 5.0], FAR))
    assert sum(outlying([0.0, 0.001, 0.002, 9.0, 9.1, 9.2, -0.001, 0.003], FAR)) == 0  # three of eight hide each other


def test_what_is_far_in_spreads_alone_stays():
    values = [0.0, 0.0001, -0.0001, 0.00005, -0.00005, 0.0001, 0.0, 0.02]
    assert not any(outlying(values, FAR))
    assert outlying(values, 0.01) == [False] * 7 + [True]


def test_what_is_far_among_values_that_scatter_as_far_stays():
    assert not any(outlying([-1.0, -0.5, 0.0, 0.4, 0.8, 2.0, -0.2, 0.1], FAR))


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 8])
def test_nothing_sticks_out_of_nothing(values):
    assert not any(outlying(values, FAR))


def test_the_critical_value_is_rosners():
    # Table of Rosner 1983 by way of its formula: Grubbs' test of 16 values at 0.001 is 3.2 spreads wide; 3.1 is in it.
    draw = np.random.default_rng(3)
    alarms = sum(any(outlying(draw.normal(size=16).tolist(), 0.0)) for _ in range(3000))
    assert alarms <= 12  # 3 expected of one value in a thousand samples, more of two
