import contextlib
import dataclasses

import pytest

from suite.core.meter import Readings, Ticker
from suite.core.workload import Work
from suite.errors import ImpossibleOutput
from suite.measure import blocks
from suite.measure.block_limits import UNLIMITED
from suite.measure.blocks import Comparison, PairedWindows
from suite.measure.compilation import CompileWatch
from suite.measure.residency import Residency
from suite.measure.window_plan import WindowPlan
from suite.measure.windows import check_window, interleaved_windows, tick_aligned_window, whole_window
from suite.record.schema import Conditions
from tests.world import OpenWorldMeter, World, protocol, world_arms

TICK_S = 0.1


class SteppedMeter(OpenWorldMeter):
    """Reads the world's energy as it was at the last step of its counter."""

    def start(self, *, quiet=False):
        return self.world.now_s, self.counted_j()

    def counted_j(self):
        return self.world.energy_at(TICK_S * int(self.world.now_s / TICK_S + 1e-9))

    def stop(self, token):
        energy_j = self.counted_j() - token[1]
        return Readings(
            duration_s=self.world.now_s - token[0], energy_j={"gpu": energy_j}, method={"gpu": "measured:world"}
        )


def ticker(meter):
    return Ticker(period_s=TICK_S, read=lambda: round(1e6 * meter.counted_j()), lag_s=None, interpolation=None)


def test_a_gated_window_ends_on_a_step_and_holds_the_work_between():
    world = World()
    meter, arm = SteppedMeter(world), world_arms(world, seconds=0.003)["baseline"]
    window = tick_aligned_window(arm, 1000, 0, meter, ticker=ticker(meter), step=4, pre_roll=8)
    assert window.edges == "tick_aligned"
    assert 1000 < window.queries <= 1000 + 4 * 10
    # 1 J a query: the counter is behind by less than the time of one look (12 ms of 3 s)
    assert window.energy_j["gpu"] / window.queries == pytest.approx(1.0, rel=0.005)


def test_the_same_window_without_waiting_is_off_by_up_to_a_step():
    """The control: a window that closes just before a step misses nearly all of it."""
    world = World()
    meter, arm = SteppedMeter(world), world_arms(world, seconds=0.003)["baseline"]
    world.work(0.0, 0.0001)
    window = whole_window(arm, 1032, 0, meter, pre_roll=0)  # 3.096 s
    assert window.energy_j["gpu"] / window.queries < 0.98


def test_gated_windows_start_where_the_wait_ended(monkeypatch):
    world = World()
    meter, arm = SteppedMeter(world), world_arms(world, seconds=0.003)["baseline"]
    asked = []
    run = type(arm.loop).run
    monkeypatch.setattr(
        type(arm.loop),
        "run",
        lambda self, queries, first=0: asked.append((first, queries)) or run(self, queries, first),
    )
    tick_aligned_window(arm, 100, 0, meter, ticker=ticker(meter), step=4, pre_roll=8)
    starts, counts = zip(*asked, strict=True)
    assert list(starts) == [sum(counts[:index]) for index in range(len(counts))]  # no query skipped or repeated


def test_a_counter_that_stands_still_is_an_error():
    world = World()
    meter, arm = SteppedMeter(world), world_arms(world, seconds=0.001)["baseline"]
    still = Ticker(period_s=1e-4, read=lambda: 7, lag_s=None, interpolation=None)
    with pytest.raises(ImpossibleOutput, match="stands still"):
        tick_aligned_window(arm, 10, 0, meter, ticker=still, step=4, pre_roll=8)


def test_slices_run_the_whole_list_once_in_turns():
    world = World()
    arms = world_arms(world)
    ran = []
    for arm in arms.values():
        arm.loop.ran = ran
        arm.loop.name = arm.name
    windows = interleaved_windows(
        [arms["baseline"], arms["candidate"]], {"baseline": 20, "candidate": 12}, 3, 5, OpenWorldMeter(world)
    )
    assert [name for name, _, _ in ran] == ["baseline", "candidate", "candidate", "baseline", "baseline", "candidate"]
    assert [(first, count) for name, first, count in ran if name == "baseline"] == [(0, 4), (4, 8), (12, 8)]
    assert [(first, count) for name, first, count in ran if name == "candidate"] == [(0, 4), (4, 4), (8, 4)]
    assert [(window.arm, window.queries, window.slices, window.block) for window in windows] == [
        ("baseline", 20, 3, 5), ("candidate", 12, 3, 5)
    ]  # fmt: skip


def test_slices_add_up():
    world = World()
    arms = world_arms(world)
    baseline, candidate = interleaved_windows(
        list(arms.values()), {"baseline": 20, "candidate": 20}, 5, 0, OpenWorldMeter(world)
    )
    assert (baseline.energy_j["gpu"], candidate.energy_j["gpu"]) == (pytest.approx(20.0), pytest.approx(16.0))
    assert baseline.duration_s == pytest.approx(20 * 0.1)


READINGS = Readings(duration_s=1.0, energy_j={"cpu": 1.0}, method={"cpu": "measured:rapl"})
WORK = Work(queries=1, batches=1, tokens=None, latencies_s=None)


@pytest.mark.parametrize("energy_j", [0.0, -1.0, float("nan"), float("inf")])
def test_energy_that_cannot_be_is_refused(energy_j):
    readings = Readings(duration_s=1.0, energy_j={"cpu": energy_j}, method={"cpu": "measured:rapl"})
    with pytest.raises(ImpossibleOutput, match="cpu energy"):
        check_window(WORK, readings)


def test_a_window_without_work_is_refused():
    with pytest.raises(ImpossibleOutput, match="no query"):
        check_window(Work(queries=0, batches=0, tokens=None, latencies_s=None), READINGS)


def test_latencies_that_overlap_may_add_up_to_more_than_the_window_but_none_is_longer():
    check_window(Work(queries=2, batches=1, tokens=None, latencies_s=[0.6, 0.6], has_overlap=True), READINGS)
    with pytest.raises(ImpossibleOutput, match="longer than the window"):
        check_window(Work(queries=2, batches=1, tokens=None, latencies_s=[0.1, 1.2], has_overlap=True), READINGS)


def test_latencies_longer_than_the_window_are_refused():
    with pytest.raises(ImpossibleOutput, match="latencies"):
        check_window(Work(queries=2, batches=2, tokens=None, latencies_s=[0.6, 0.6]), READINGS)


def test_more_power_than_the_board_may_draw_is_refused():
    limited = Conditions(power_limit_w=400.0)
    readings = {"duration_s": 1.0, "method": {"gpu": "measured:x"}, "conditions": limited}
    check_window(WORK, Readings(energy_j={"gpu": 419.0}, **readings))
    brief = readings | {"duration_s": 0.3}
    check_window(WORK, Readings(energy_j={"gpu": 0.3 * 590}, **brief))  # the limit holds on average over a second
    with pytest.raises(ImpossibleOutput, match="limited to 400 W"):
        check_window(WORK, Readings(energy_j={"gpu": 0.3 * 610}, **brief))
    with pytest.raises(ImpossibleOutput, match="limited to 400 W"):
        check_window(WORK, Readings(energy_j={"gpu": 421.0}, **readings))


class Held:
    """A hold that knows whether it is in force."""

    def __init__(self):
        self.in_force, self.entered = False, 0

    @contextlib.contextmanager
    def hold(self):
        self.in_force, self.entered = True, self.entered + 1
        yield
        self.in_force = False


@pytest.mark.parametrize("slices", [1, 4])
def test_what_an_arm_is_held_by_is_in_force_in_its_windows_alone(monkeypatch, slices):
    world, held, seen = World(), Held(), []
    arms = world_arms(world)
    arms["candidate"] = dataclasses.replace(
        arms["candidate"], setup=arms["candidate"].setup.replace(holds=(held.hold,))
    )
    run = type(arms["candidate"].loop).run
    monkeypatch.setattr(
        type(arms["candidate"].loop),
        "run",
        lambda self, *asked: seen.append((self is arms["candidate"].loop, held.in_force)) or run(self, *asked),
    )
    plan = WindowPlan(
        span=16,
        queries={"baseline": 16, "candidate": 16},
        slices=slices,
        ticker=None,
        steps={"baseline": 4, "candidate": 4},
        pre_rolls={"baseline": 4, "candidate": 4},
    )
    windows = PairedWindows(arms=arms, plan=plan, seconds_per_query={"baseline": 0.1, "candidate": 0.1})
    residency = Residency({name: arm.setup for name, arm in arms.items()}, swapped=False)
    comparison = Comparison(
        whole=windows, protocol=protocol(), meter=OpenWorldMeter(world), residency=residency,
        compile_watch=CompileWatch(), limits=UNLIMITED,
    )  # fmt: skip
    assert len(list(blocks._windows(windows, blocks.ORDERS[0], comparison, 0, None))) == (2 if slices > 1 else 4)
    assert {is_candidate for is_candidate, _ in seen} == {True, False}
    assert all(is_candidate == in_force for is_candidate, in_force in seen)
    assert held.entered == (slices if slices > 1 else 2)
