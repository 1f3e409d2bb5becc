import math

import pytest
import torch

from suite.measure import device_busy
from suite.measure.device_busy import device_busy_shares, union_length
from suite.measure.residency import Residency
from suite.stats.cross_checks import host_bound
from tests.world import World, world_arms


@pytest.mark.parametrize(
    ("intervals", "length"),
    [
        ([], 0.0),
        ([(0, 2), (5, 6)], 3.0),  # apart
        ([(0, 4), (1, 2)], 4.0),  # one inside the other, on another stream
        ([(3, 6), (0, 4)], 6.0),  # overlapping, in any order
        ([(0, 1), (1, 2)], 2.0),  # end to end
    ],
)
def test_time_that_kernels_share_counts_once(intervals, length):
    assert union_length(intervals) == length


class Event:
    """As the profiler gives them."""

    def __init__(self, kind, start_ns, duration_ns):
        self.device_type = lambda: kind
        self.start_ns, self.duration_ns = (lambda: start_ns), (lambda: duration_ns)


class Recorded:
    """A profiler that has seen a kernel and a copy that overlap, and what the host did meanwhile."""

    def __init__(self, events):
        self.events = lambda: events
        self.profiler = self.kineto_results = self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


CUDA, CPU = torch.autograd.DeviceType.CUDA, torch.autograd.DeviceType.CPU


@pytest.mark.parametrize(
    ("events", "busy_s"),
    [
        ([Event(CUDA, 0, 3e8), Event(CUDA, 2e8, 2e8), Event(CPU, 0, 9e9)], 0.4),
        ([Event(CPU, 0, 9e9)], None),  # the profiler reaches no GPU here
    ],
)
def test_only_what_ran_on_the_gpu_is_busy_time(monkeypatch, events, busy_s):
    monkeypatch.setattr(device_busy, "profile", lambda **_: Recorded(events))
    assert device_busy._busy_s(lambda: None) == (busy_s if busy_s is None else pytest.approx(busy_s))


def test_the_share_is_of_the_wall_time_without_the_profiler(monkeypatch):
    """Queries of 10 ms in batches of four: at most 0.5 s are profiled, here a whole pass of 2 batches = 80 ms."""
    world = World()
    arms = world_arms(world, seconds=0.01)
    for arm in arms.values():
        monkeypatch.setattr(type(arm.setup), "synchronize", lambda self: None)
    arms = {name: device_busy.ReadyArm(name=name, setup=arm.setup.replace(device="cuda"), loop=arm.loop)
            for name, arm in arms.items()}  # fmt: skip
    monkeypatch.setattr(device_busy.time, "perf_counter", lambda: world.now_s)
    monkeypatch.setattr(device_busy, "_busy_s", lambda work: 0.02)
    residency = Residency({name: arm.setup for name, arm in arms.items()}, swapped=False)
    shares = device_busy_shares(arms, residency)
    assert shares == {"baseline": pytest.approx(0.25), "candidate": pytest.approx(0.25)}


def test_a_cpu_is_its_own_host(monkeypatch):
    monkeypatch.setattr(device_busy, "_busy_s", lambda work: math.nan)
    arms = world_arms(World())
    assert device_busy_shares(arms, Residency({}, swapped=False)) == {}


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({}, None),
        ({"baseline": 0.9, "candidate": 0.7}, None),
        ({"baseline": 0.35, "candidate": 0.95}, "the GPU works in 35 % of the baseline's time"),
        ({"baseline": 0.95, "candidate": 0.1}, "the GPU works in 10 % of the candidate's time"),
        ({"baseline": 0.34, "candidate": 0.62}, "the GPU works in 34 % of the baseline's and 62 % of the candidate's"),
    ],
)
def test_a_gpu_that_waits_for_the_host_is_a_warning_with_a_remedy(shares, said):
    warning = host_bound(shares, "eager")
    if said is None:
        assert warning is None
    else:
        assert warning.code == "host_bound"
        assert warning.message.startswith(said)
        assert "runtime=compiled" in warning.remedy
        assert "runtime=compiled" not in host_bound(shares, "compiled").remedy  # as it is already


@pytest.mark.gpu
def test_a_large_product_keeps_the_gpu_busy_and_a_small_one_does_not():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    torch.cuda.synchronize()
    assert device_busy._busy_s(lambda: torch.ones(8, device="cuda") + 1) is not None
