import importlib.util

import torch

from suite.core.memory import peak_work_bytes
from suite.isolation import PRELOAD


def test_the_peak_is_what_lived_at_once():
    def run():
        one = torch.empty(1000, 1000)  # 4 MB
        two = torch.empty(1000, 1000)  # 4 MB, both alive
        del one, two
        torch.empty(1000, 1500)  # 6 MB, alone

    assert peak_work_bytes(run, "cpu") == 8_000_000


def test_what_lay_there_before_does_not_count():
    before = torch.empty(1000, 1000)
    assert (peak_work_bytes(lambda: before.add_(1), "cpu") or 0) < 100  # a scalar, not the 4 MB


def test_no_allocation_is_no_measurement():
    assert peak_work_bytes(lambda: None, "cpu") is None


def test_the_preloaded_module_exists():
    assert all(importlib.util.find_spec(name) for name in PRELOAD)
