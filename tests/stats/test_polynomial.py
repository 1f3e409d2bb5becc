import pytest
from scipy import stats

from suite.stats.polynomial import polynomial, r_squared


def test_a_parabola_is_found():
    x = [1.0, 2.0, 3.0, 5.0]
    fitted = polynomial(x, [4 + 3 * each + 2 * each**2 for each in x], 2)
    assert [each.estimate for each in fitted] == pytest.approx([4, 3, 2])
    assert all(each.half_width < 1e-6 for each in fitted)


def test_its_interval_is_students_of_a_slope_where_all_figures_are_about_as_large():
    x, y = [0.0, 1.0, 2.0, 3.0], [1000.1, 999.1, 998.2, 997.1]
    line = stats.linregress(x, y)
    _, slope = polynomial(x, y, 1)
    assert slope.estimate == pytest.approx(line.slope, rel=1e-2)
    assert slope.half_width == pytest.approx(stats.t.ppf(0.975, 2) * line.stderr, rel=1e-2)


def test_a_hundredth_off_counts_alike_in_small_and_large_figures():
    x = [1.0, 10.0, 100.0, 1000.0]
    y = [each * (1.01 if number == 0 else 1) for number, each in enumerate(x)]
    (_, slope) = polynomial(x, y, 1)
    # an unweighted line would not see the first at all
    assert abs(slope.estimate - 1) < 0.01
    assert slope.half_width > 1e-4


def test_as_many_coefficients_as_values_tell_nothing():
    assert polynomial([1.0, 2.0, 3.0], [1.0, 4.0, 9.0], 2) is None
    assert polynomial([1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 4.0, 4.0], 2) is None


def test_r_squared_is_that_of_the_correlation():
    x, y = [1.0, 2.0, 4.0], [2.0, 5.0, 7.0]
    assert r_squared(x, y) == pytest.approx(stats.pearsonr(x, y).statistic ** 2)
    assert r_squared(x, [1.0, 1.0, 1.0]) is None
