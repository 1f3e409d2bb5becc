import dataclasses
import importlib.util

import pytest
import torch

from suite.measure.memory import peak_bytes, peak_work_bytes, try_out
from suite.measure.residency import Residency
from suite.sweep.process import PRELOAD
from tests.world import World, WorldLoop, world_arms


class Allocating(WorldLoop):
    """Work that holds so many floats at once."""

    def __init__(self, floats):
        super().__init__(World(), joules=1.0, seconds=0.1)
        self.floats = floats

    def run(self, queries, first=0):
        if self.floats:
            torch.empty(self.floats)
        return super().run(queries, first)


def arms_and_residency(floats):
    arms = {name: dataclasses.replace(arm, loop=Allocating(floats[name])) for name, arm in world_arms(World()).items()}
    return arms, Residency({name: arm.setup for name, arm in arms.items()}, swapped=False)


def test_the_peak_of_an_arm_is_its_weights_and_its_own_work():
    arms, residency = arms_and_residency({"baseline": 1000, "candidate": 500})
    weights = {"baseline": 10_000, "candidate": 3_000}
    assert peak_bytes(arms, weights, residency) == {"baseline": 14_000, "candidate": 5_000}


def test_an_arm_whose_allocations_are_not_seen_has_no_peak():
    arms, residency = arms_and_residency({"baseline": 1000, "candidate": 0})
    assert peak_bytes(arms, {"baseline": 10_000, "candidate": 3_000}, residency) == {"baseline": 14_000}


def test_an_arm_with_an_engine_whose_thread_is_not_seen_has_no_peak():
    arms, residency = arms_and_residency({"baseline": 1000, "candidate": 500})
    arms["candidate"] = dataclasses.replace(arms["candidate"], setup=arms["candidate"].setup.replace(engine=object()))
    assert peak_bytes(arms, {"baseline": 10_000, "candidate": 3_000}, residency) == {"baseline": 14_000}


@pytest.mark.parametrize(("phase", "queries"), [("inference", 4), ("training", 8)])
def test_each_arm_is_tried_out_with_a_batch_or_two_of_training_whose_second_step_needs_more(phase, queries):
    arms, residency = arms_and_residency({"baseline": 10, "candidate": 10})
    arms = {name: dataclasses.replace(arm, setup=arm.setup.replace(phase=phase)) for name, arm in arms.items()}
    try_out(arms, residency)
    assert [arm.loop.ran for arm in arms.values()] == [[("", 0, queries)], [("", 0, queries)]]


def test_work_that_does_not_fit_shows_when_it_is_tried_out(monkeypatch):
    arms, residency = arms_and_residency({"baseline": 10, "candidate": 10})

    def run(queries, first=0):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(arms["candidate"].loop, "run", run)
    with pytest.raises(torch.OutOfMemoryError):
        try_out(arms, residency)


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
