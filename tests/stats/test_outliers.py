import math

import numpy as np
import pytest

from suite.stats import outliers
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


def test_the_example_of_rosner_has_his_three_outliers(monkeypatch):
    # Rosner 1983, Technometrics 25:165: 54 values, at 5 % the three largest, though the largest alone is none.
    values = """
        -0.25 0.68 0.94 1.15 1.20 1.26 1.26 1.34 1.38 1.43 1.49 1.49 1.55 1.56 1.58 1.65 1.69 1.70 1.76 1.77 1.81 1.91
        1.94 1.96 1.99 2.06 2.09 2.10 2.14 2.15 2.23 2.24 2.26 2.35 2.37 2.40 2.47 2.54 2.62 2.64 2.90 2.92 2.92 2.93
        3.21 3.26 3.30 3.59 3.68 4.30 4.64 5.34 5.42 6.01
    """
    monkeypatch.setattr(outliers, "FALSE_ALARM", 0.05)
    assert outlying([float(value) for value in values.split()], 0.0) == [False] * 51 + [True] * 3


def test_a_normal_sample_seldom_has_an_outlier():
    draw = np.random.default_rng(3)
    alarms = sum(any(outlying(draw.normal(size=16).tolist(), 0.0)) for _ in range(3000))
    assert alarms <= 12  # 3 expected of one value in a thousand samples, more of two
