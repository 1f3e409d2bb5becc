"""Techniques are applied and proven on the device that is measured, whatever the memory there."""

import dataclasses
from typing import Any

import pytest
import torch

from suite.errors import NotApplicable
from suite.measure import stack
from suite.mitigations.batch_and_precision.batch_size import BatchSize
from suite.mitigations.batch_and_precision.bf16 import Bf16
from tests.fakes import fake_setup
from tests.faults import Fault
from tests.world import OpenWorldMeter, World


@dataclasses.dataclass(frozen=True, kw_only=True)
class Copying(Fault):
    """Gives a new model; notes the device it was asked for, and where every model lay at that moment."""

    def apply(self, setup):
        SEEN.append(("apply", setup.device, dict(WHERE)))
        made = setup.replace(model=object(), seed=setup.seed + 1)
        WHERE[made.seed] = setup.device
        return made

    def proof(self, before, after):
        SEEN.append(("proof", after.device, dict(WHERE)))
        return {}


SEEN: list[Any] = []
WHERE: dict[int, str] = {}


@pytest.fixture
def setup(monkeypatch):
    """A setup for a GPU that is not there: only its name travels; models are told apart by the setup's seed."""
    SEEN.clear()
    WHERE.clear()
    WHERE[0] = "cuda"
    monkeypatch.setattr(stack, "move_weights", lambda setup, device: WHERE.update({setup.seed: device}))
    monkeypatch.setattr(stack, "snapshot", lambda setup: {"bytes": 1})
    monkeypatch.setattr("suite.core.setup.Setup.synchronize", lambda self: None)
    return fake_setup(device="cuda")


@dataclasses.dataclass
class Two:
    """The part of a plan that a stack needs."""

    mitigations: dict[str, Copying]


TWO = Two({"one": Copying(how="nothing"), "two": Copying(how="nothing")})


def test_swapped_arms_are_applied_and_proven_on_the_measured_device_one_model_there_at_a_time(setup):
    applied = stack.apply_stack(TWO, setup, OpenWorldMeter(World()), swapped=True)
    stack.effect_of(TWO, applied, swapped=True)
    assert {device for _, device, _ in SEEN} == {"cuda"}
    on_device = [(stage, [seed for seed, place in where.items() if place == "cuda"]) for stage, _, where in SEEN]
    assert on_device == [("apply", []), ("apply", []), ("proof", [1]), ("proof", [2])]
    assert applied.candidate.device == "cuda"


def test_arms_that_fit_are_never_moved(setup):
    applied = stack.apply_stack(TWO, setup, OpenWorldMeter(World()), swapped=False)
    stack.effect_of(TWO, applied, swapped=False)
    assert WHERE == {0: "cuda", 1: "cuda", 2: "cuda"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TakingTime(Copying):
    """Takes its seconds of the world's time, and a half more the first time."""

    world: World
    seconds: float

    def apply(self, setup):
        self.world.work(1.0, self.seconds + (0.5 if not SEEN else 0.0))
        return super().apply(setup)


@pytest.mark.parametrize(("seconds", "times", "cost_j"), [(0.1, 2, 1.0), (2.0, 1, 1.0)])
def test_what_takes_a_moment_counts_as_the_second_time(setup, monkeypatch, seconds, times, cost_j):
    """Loading kernels for the first time is no cost of the technique."""
    world = World()
    monkeypatch.setattr("suite.measure.one_off.time.perf_counter", lambda: world.now_s)
    technique = TakingTime(how="nothing", world=world, seconds=seconds)
    applied = stack.apply_stack(Two({"one": technique}), setup, OpenWorldMeter(world), swapped=False)
    assert len(SEEN) == times
    assert len(applied.steps) == 2
    assert applied.cost.duration_s == pytest.approx(seconds if times == 2 else seconds + 0.5)
    assert applied.cost.energy_j == {"gpu": cost_j}


def test_the_baseline_against_itself_is_two_equal_models_in_different_memory():
    baseline = fake_setup("image")
    applied = stack.apply_stack(Two({}), baseline, OpenWorldMeter(World()), swapped=False)
    assert applied.cost is None
    ours, theirs = baseline.model.state_dict(), applied.candidate.model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not {value.data_ptr() for value in ours.values()} & {value.data_ptr() for value in theirs.values()}


def test_a_stack_of_two_that_change_nothing_is_not_applicable():
    setup = fake_setup("image", batch_size=8, dtype="bfloat16")
    setup.model.to(torch.bfloat16)
    same = Two({"batch_size": BatchSize(size=8), "bf16": Bf16()})
    with pytest.raises(NotApplicable, match="batch size is 8 already"):
        stack.apply_stack(same, setup, OpenWorldMeter(World()), swapped=False)
