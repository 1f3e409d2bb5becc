import bisect
import itertools
import math
import random
from types import SimpleNamespace

import pytest

from suite.core.meter import Ticker
from suite.measure.block_limits import UNLIMITED, Limits
from suite.measure.blocks import ORDERS, Comparison, PairedWindows, energy_ratio, measure_blocks
from suite.measure.compilation import CompileWatch
from suite.measure.draft import Draft
from suite.measure.observer import Nobody
from suite.measure.residency import Residency
from suite.measure.window_plan import WindowPlan
from suite.stats.cross_checks import not_steady
from suite.stats.paired import headline_component
from tests.world import OpenWorldMeter, World, protocol, world_arms


class Noting(Nobody):
    """Notes how many windows there were, and whether the target was known to be met, at each progress."""

    def __init__(self):
        self.seen = []

    def progress(self, draft):
        self.seen.append((len(draft.windows), draft.converged))


def drafted(
    world,
    *,
    slices=1,
    swapped=False,
    arms=None,
    prefill=None,
    queries=52,
    stride=0,
    ticker=None,
    limits=UNLIMITED,
    observer=None,
    **changes,
):
    """The draft after a comparison in ``world``."""
    arms = arms or world_arms(world)
    four = dict.fromkeys(arms, 4)
    plan = WindowPlan(
        span=queries,
        stride=stride,
        queries=dict.fromkeys(arms, queries),
        slices=slices,
        ticker=ticker,
        steps=four,
        pre_rolls=four,
    )
    residency = Residency({name: arm.setup for name, arm in arms.items()}, swapped=swapped)
    comparison = Comparison(
        whole=PairedWindows(arms=arms, plan=plan, seconds_per_query=dict.fromkeys(arms, 0.1)),
        prefill=prefill and PairedWindows(arms=prefill, plan=plan, seconds_per_query=dict.fromkeys(arms, 0.1)),
        protocol=protocol(**changes),
        meter=OpenWorldMeter(world),
        residency=residency,
        compile_watch=CompileWatch(),
        limits=limits,
    )
    draft = Draft(plan=None, windows=list(limits.earlier))
    measure_blocks(comparison, draft, observer or Nobody())
    return draft


def measured(world, **how):
    draft = drafted(world, **how)
    return draft.windows, draft.converged


def test_windows_alternate_abba_then_baab():
    world = World()
    windows, _ = measured(world)
    order = "".join("A" if each.arm == "baseline" else "B" for each in windows[:8])
    assert order == "ABBABAAB"


def test_a_constant_ratio_converges_at_the_fewest_blocks():
    world = World()
    windows, converged = measured(world)
    assert converged
    assert len(windows) == 4 * 4
    assert energy_ratio(windows, 0.95).estimate == pytest.approx(0.8)


def episodes(now_s):
    """A load that no comparison of some blocks averages out."""
    return 1.0 if int(now_s / 5) % 3 else 2.0


@pytest.mark.parametrize(("drift", "met", "blocks"), [(lambda now_s: 1.0, True, 4), (episodes, False, 6)])
def test_each_block_is_told_as_it_ends_and_the_last_one_with_whether_the_target_was_met(drift, met, blocks):
    observer = Noting()
    drafted(World(drift=drift), observer=observer, max_blocks=6)
    assert observer.seen == [(4 * block, None if block < blocks else met) for block in range(1, blocks + 1)]


def test_each_block_has_a_window_of_prefill_of_each_arm_and_begins_it_with_the_arm_that_was_there_last():
    world = World()
    draft = drafted(world, prefill=world_arms(world, candidate_j=0.5), max_blocks=4)
    assert [(each.block, each.arm) for each in draft.prefill_windows[:4]] == [
        (0, "baseline"), (0, "candidate"), (1, "candidate"), (1, "baseline"),
    ]  # fmt: skip
    assert len(draft.windows) == 2 * len(draft.prefill_windows)
    assert energy_ratio(draft.windows, 0.95).estimate == pytest.approx(0.8)
    assert energy_ratio(draft.prefill_windows, 0.95).estimate == pytest.approx(0.5)


def test_linear_drift_cancels_within_a_block():
    world = World(drift=lambda now_s: 1 + 0.0005 * now_s)  # 20 s a block: 1 % a block, 16 % over all
    windows, _ = measured(world)
    assert energy_ratio(windows, 0.95).estimate == pytest.approx(0.8, rel=1e-4)


def test_the_same_drift_biases_one_arm_after_the_other():
    """The control: measured in sequence, the ratio is wrong by as much as the drift."""
    world = World(drift=lambda now_s: 1 + 0.0005 * now_s)
    meter, ready = OpenWorldMeter(world), world_arms(world)
    used = []
    for name in ("baseline", "candidate"):
        token = meter.start()
        ready[name].loop.run(400)
        used.append(meter.stop(token).energy_j["gpu"])
    assert used[1] / used[0] > 0.8 * 1.015


class Exact:
    """The world's energy between any two moments of its time."""

    def __init__(self, world):
        self.world = world

    def noted_after(self, moment_s):
        return self.world.now_s > moment_s

    def rises(self, from_s, to_s):
        energy_j = self.world.energy_at(to_s) - self.world.energy_at(from_s)
        return [SimpleNamespace(energy_j=energy_j, uncertainty_j=0.5)]


def test_no_window_waits_for_a_step_of_an_interpolated_counter(monkeypatch):
    world = World()
    monkeypatch.setattr("time.perf_counter", lambda: world.now_s)
    ticker = Ticker(period_s=0.1, read=lambda: pytest.fail("waited"), lag_s=0.0, interpolation=Exact(world))
    windows, converged = measured(world, ticker=ticker)
    assert converged
    assert {(window.edges, window.queries) for window in windows} == {("interpolated", 52)}
    assert energy_ratio(windows, 0.95).estimate == pytest.approx(0.8)


def test_noise_that_never_narrows_is_reported_as_unconverged():
    world = World(drift=episodes)
    windows, converged = measured(world, max_blocks=6)
    assert not converged
    assert len(windows) == 6 * 4


def test_orders_mirror_each_other():
    assert [name for name in ORDERS[0] if name == "baseline"] == ["baseline", "baseline"]
    assert ORDERS[1] == tuple("candidate" if name == "baseline" else "baseline" for name in ORDERS[0])


def test_a_block_in_slices_holds_one_window_of_each_arm():
    windows, _ = measured(World(), slices=13)
    assert [(window.arm, window.slices) for window in windows[:4]] == [
        ("baseline", 13), ("candidate", 13), ("candidate", 13), ("baseline", 13)
    ]  # fmt: skip
    assert headline_component(windows) == "gpu"


def test_a_load_that_comes_and_goes_in_seconds_meets_both_arms_in_slices():
    """A neighbour adds half again in episodes of one to six seconds; windows in one stretch are spread by it."""
    draw = random.Random(1)
    changes_s = list(itertools.accumulate(draw.uniform(1, 6) for _ in range(200)))

    def neighbour(now_s):
        return 1.5 if bisect.bisect(changes_s, now_s) % 2 else 1.0

    never = {"cpu": 1e-9, "cuda": 1e-9}
    spread = {}
    for slices in (1, 20):
        world = World(drift=neighbour)
        arms = world_arms(world, seconds=0.025)  # 80 queries are two seconds
        windows, _ = measured(world, slices=slices, arms=arms, queries=80, max_blocks=8, target_half_width=never)
        interval = energy_ratio(windows, 0.95)
        assert interval.low <= 0.8 <= interval.high
        spread[slices] = interval.half_width
    assert spread[20] < spread[1] / 3


@pytest.fixture
def nothing_to_release(monkeypatch):
    """The collection after a move, which takes half a second among all that the tests have loaded."""
    monkeypatch.setattr("suite.measure.residency.release_unused", lambda: None)


def test_swapped_arms_come_in_only_when_the_order_changes_sides(nothing_to_release, monkeypatch):
    moved = []
    monkeypatch.setattr(
        "suite.measure.residency.move_weights", lambda setup, device: moved.append((setup.seed, device))
    )
    monkeypatch.setattr(
        "suite.measure.blocks.warm_up", lambda arm, rules: moved.append(f"warm {arm.name}") or (1.0, None)
    )
    world = World()
    arms = world_arms(world, seeds=(1, 2))
    measured(world, swapped=True, arms=arms, max_blocks=4)
    into_baseline = [(2, "cpu"), (1, "cpu"), "warm baseline"]  # out with the other, in with this one, warm again
    into_candidate = [(1, "cpu"), (2, "cpu"), "warm candidate"]
    assert moved == [step for turn in "ABABABABABAB" for step in (into_baseline if turn == "A" else into_candidate)]


def test_an_arm_that_came_in_unsteady_is_named_once(nothing_to_release, monkeypatch):
    monkeypatch.setattr("suite.measure.residency.move_weights", lambda setup, device: None)
    monkeypatch.setattr("suite.measure.blocks.warm_up", lambda arm, rules: (1.0, not_steady(arm.name, 0.2, 1.0)))
    warned = drafted(World(), swapped=True).warnings
    assert [warning.message.split("'")[0] for warning in warned] == ["the baseline", "the candidate"]


@pytest.mark.parametrize("ratio", [0.1, 5.0])
def test_the_target_is_a_share_of_the_ratio(ratio):
    """One block's half-width of 1 % of the ratio stops neither too late for a large one nor too early for a small."""
    world = World(drift=lambda now_s: 1 + 0.004 * math.sin(now_s))
    windows, converged = measured(world, arms=world_arms(world, candidate_j=ratio), max_blocks=16)
    interval = energy_ratio(windows, 0.97)
    assert converged
    assert interval.half_width <= 0.02 * ratio


NEVER = {"cpu": 1e-9, "cuda": 1e-9}


def test_a_budget_stops_at_its_last_block_and_the_next_attempt_goes_on_from_there():
    world = World(drift=lambda now_s: 1 + 0.01 * math.sin(now_s))
    first = drafted(world, limits=Limits(most_blocks=4), max_blocks=8, target_half_width=NEVER)
    assert (len(first.windows), first.converged) == (16, False)
    draft = drafted(world, limits=Limits(earlier=tuple(first.windows)), max_blocks=6, target_half_width=NEVER)
    assert [window.block for window in draft.windows[::4]] == [0, 1, 2, 3, 4, 5]
    assert draft.windows[:16] == first.windows


def test_no_block_is_begun_that_would_not_end_in_time(monkeypatch):
    world = World()
    monkeypatch.setattr("suite.measure.block_limits.time.monotonic", lambda: world.now_s)
    limits = Limits(deadline_s=5.5 * 4 * 5.2)  # a block is four windows of 52 queries of 0.1 s, and their pre-rolls
    draft = drafted(world, limits=limits, max_blocks=16, target_half_width=NEVER)
    assert 4 <= 1 + draft.windows[-1].block <= 5
    assert world.now_s <= limits.deadline_s


def test_the_fewest_blocks_are_measured_whatever_the_time():
    draft = drafted(World(), limits=Limits(deadline_s=-math.inf), max_blocks=16, target_half_width=NEVER)
    assert len(draft.windows) == 4 * 4


@pytest.mark.parametrize(("slices", "begins"), [(1, [0, 52, 104, 156]), (4, [0, 52, 104, 156])])
def test_each_block_of_fresh_queries_goes_on_where_the_last_one_ended(slices, begins):
    arms = world_arms(World())
    drafted(arms["baseline"].loop.world, arms=arms, slices=slices, stride=52, min_blocks=4, max_blocks=4)
    firsts = [first for _, first, queries in arms["baseline"].loop.ran if queries > 4]
    assert sorted({first // 52 * 52 for first in firsts}) == begins
