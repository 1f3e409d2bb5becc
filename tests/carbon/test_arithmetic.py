import pytest

from suite.carbon.arithmetic import ratioed, scaled, summed
from suite.carbon.quantity import Figure


def figure(value, low=None, high=None, year=2024, tag="published"):
    return Figure(value=value, low=low, high=high, unit="kWh", tag=tag, source="example", year=year)


def test_the_interval_is_scaled_with_the_value():
    assert scaled(figure(2.0, 1.0, 4.0), 3.0, unit="L") == Figure(
        value=6.0, low=3.0, high=12.0, unit="L", tag="published", source="example", year=2024
    )


def test_a_measured_ratio_on_published_energy_is_modelled_and_brings_its_interval():
    result = ratioed(figure(10.0, year=2024), figure(0.5, 0.4, 0.6, year=2026, tag="measured"), "both")
    assert (result.value, result.low, result.high) == (5.0, 4.0, 6.0)
    assert (result.tag, result.year, result.source) == ("modelled", 2026, "both")


def test_a_sum_adds_certain_parts_to_both_ends_and_is_as_new_as_its_oldest_part():
    result = summed([figure(1.0, 0.0, 3.0), figure(2.0, year=2019)], "both")
    assert (result.value, result.low, result.high, result.year) == (3.0, 2.0, 5.0, 2019)


def test_a_sum_of_certain_parts_has_no_interval():
    result = summed([figure(1.0), figure(2.0)], "both")
    assert result.value == pytest.approx(3.0)
    assert result.low is None
    assert result.high is None
