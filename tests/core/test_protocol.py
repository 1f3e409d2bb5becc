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
        {"idle_s": 1e308},
        {"idle_s": float("nan")},
        {"warmup_max_s": float("inf")},
        {"window_s": {"cpu": 1e308, "cuda": 1.0}},
    ],
)
def test_a_protocol_that_measures_nothing_is_refused(changes):
    with pytest.raises(InputError):
        protocol(**changes)
