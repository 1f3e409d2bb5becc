import pytest

from suite.errors import InputError
from tests.world import protocol


@pytest.mark.parametrize(
    "changes",
    [
        {"min_blocks": 1},
        {"max_blocks": 3},
        {"stop_level": 1.0},
        {"window_s": {"cpu": 0.0, "cuda": 1.0}},
        {"target_half_width": {"cpu": 0.02}},
        {"max_scored": 1},
        {"slice_s": {"cpu": 0.0, "cuda": None}},
        {"slice_s": {"cpu": 0.1}},
        {"pairing": "both"},
        {"swapped_factor": 0.5},
        {"window_ticks": 0},
        {"idle_settle_s": -1.0},
    ],
)
def test_a_protocol_that_measures_nothing_is_refused(changes):
    with pytest.raises(InputError):
        protocol(**changes)


def test_the_forecast_counts_two_windows_a_block_in_slices_and_four_otherwise():
    times = {"window_s": {"cpu": 2.0, "cuda": 5.0}, "min_blocks": 4, "max_blocks": 8, "warmup_max_s": 1.0}
    cut = protocol(slice_s={"cpu": 0.1, "cuda": None}, **times)
    assert cut.expected_s("cpu") == (4 * 2 * 2.0, 2 * 1.0 + 8 * 2 * 2.0)
    assert cut.expected_s("cuda") == (4 * 4 * 5.0, 2 * 1.0 + 8 * 4 * 5.0)


def test_the_forecast_holds_idle_before_and_after():
    still = protocol(idle_s=10.0, idle_settle_s=5.0)
    assert still.expected_s("cuda")[0] == protocol().expected_s("cuda")[0] + 2 * 15.0
