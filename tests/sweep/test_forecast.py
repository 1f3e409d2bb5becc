import pytest

from suite.sweep.forecast import STARTUP_S, Forecast, measuring_s, point_s, shared_out
from tests.world import protocol


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
    assert shared_out(ranges_s, devices) == expected


def test_a_block_is_two_windows_in_slices_and_four_otherwise():
    times = {"window_s": {"cpu": 2.0, "cuda": 5.0}, "min_blocks": 4, "max_blocks": 8, "warmup_max_s": 1.0}
    cut = protocol(slice_s={"cpu": 0.1, "cuda": None}, **times)
    assert measuring_s(cut, "cpu") == (4 * 2 * 2.0, 2 * 1.0 + 8 * 2 * 2.0)
    assert measuring_s(cut, "cuda") == (4 * 4 * 5.0, 2 * 1.0 + 8 * 4 * 5.0)


def test_idle_is_read_before_and_after():
    still = protocol(idle_s=10.0, idle_settle_s=5.0)
    assert measuring_s(still, "cuda")[0] == measuring_s(protocol(), "cuda")[0] + 2 * 15.0
    assert measuring_s(still, "cpu") == measuring_s(protocol(), "cpu")  # an estimate has no idle share


def test_a_point_has_to_start_before_it_measures():
    assert point_s(protocol(), "cpu") == tuple(STARTUP_S + each for each in measuring_s(protocol(), "cpu"))
