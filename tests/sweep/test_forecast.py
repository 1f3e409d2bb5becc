import pytest

from suite.sweep.forecast import Forecast, forecast


@pytest.mark.parametrize(
    ("ranges_s", "devices", "expected"),
    [
        ([(10, 20)] * 8, 1, Forecast(80, 160, 1)),
        ([(10, 20)] * 8, 4, Forecast(20, 40, 4)),
        ([(10, 20)] * 5, 4, Forecast(20, 40, 4)),  # one device has a second one
        ([(10, 20)] * 3, 8, Forecast(10, 20, 3)),
        ([(5, 5), (5, 5), (30, 30)], 2, Forecast(35, 35, 2)),  # the long one starts when the first short one has ended
        ([(10, 20)] * 8, None, Forecast(80, 160, None)),
        ([], 4, Forecast(0, 0, 1)),
    ],
)
def test_points_are_shared_out_among_the_devices(ranges_s, devices, expected):
    assert forecast(ranges_s, devices) == expected
