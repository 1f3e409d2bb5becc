import math

from suite.stats.estimate import Estimate, around


def test_a_rising_function_takes_the_ends_along():
    assert Estimate(0.0, -1.0, 1.0).through(math.exp) == (1.0, math.exp(-1), math.e)


def test_what_has_no_interval_gets_none():
    assert Estimate(2.0).through(math.sqrt) == Estimate(math.sqrt(2), None, None)
    assert around(3.0, None) == Estimate(3.0, None, None)
    assert around(3.0, 0.5) == Estimate(3.0, 2.5, 3.5)
