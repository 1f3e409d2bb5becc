import pytest

from suite.carbon.quantity import checked, significant
from suite.errors import InputError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.011499, "0.0115"),
        (1234.5, "1,230"),
        (592_570_000, "593,000,000"),
        (1.234e-7, "1.23e-07"),
        (-0.5, "-0.5"),
    ],
)
def test_three_significant_digits(value, expected):
    assert significant(value) == expected


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "3", None, True])
def test_what_is_no_number_from_zero_up_is_refused(value):
    with pytest.raises(InputError, match="the energy must be a finite number of 0 or more, got"):
        checked("the energy", value)


def test_the_least_value_itself_can_be_excluded():
    assert checked("a rate", 0) == 0
    with pytest.raises(InputError, match="a rate must be a finite number above 0, got 0"):
        checked("a rate", 0, above=True)
