"""Continuous batching and a lower power limit, on a GPU."""

from __future__ import annotations

import pytest
import torch

from suite.errors import NotApplicable
from suite.mitigations.optimised_hardware.continuous_batching import ContinuousBatching
from suite.mitigations.optimised_hardware.gpu_power_limit import GpuPowerLimit
from tests.fakes import admit, fake_setup, tiny_llama

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that torch can use"),
]


def test_continuous_batching_makes_the_same_tokens() -> None:
    before = fake_setup("generation", model=tiny_llama().to("cuda"), device="cuda")
    technique = ContinuousBatching(cache_tokens=1024, page_tokens=16, step_tokens=64)
    seen = technique.proof(before, technique.apply(admit(technique, before)))
    assert seen["same_tokens"] > 0.9  # but for ties within rounding
    assert seen["calls_of_two_queries"] < seen["calls_of_each_by_itself"]


def test_the_boards_limit_is_lower_in_windows_and_put_back() -> None:
    before = fake_setup("image", device="cuda")
    before.model.to("cuda")
    technique = GpuPowerLimit(allow=True, limit_w=None, limit_share=0.8)
    try:
        after = technique.apply(admit(technique, before))
    except NotApplicable as refused:
        pytest.skip(str(refused))
    limits_w = technique.proof(before, after)["power_limit_w"]
    assert limits_w["after"] < limits_w["before"]
    assert technique.proof(before, after)["power_limit_w"]["before"] == limits_w["before"]
