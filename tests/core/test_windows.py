import pytest

from suite.core.meter import Readings
from suite.core.protocol import Protocol
from suite.core.windows import (
    ORDERS,
    ReadyArm,
    check_window,
    common_pass_queries,
    energy_ratio,
    measure_blocks,
    warm_up,
    window_queries,
)
from suite.core.workload import Work
from suite.errors import ImpossibleOutput, InputError
from tests.fakes import fake_setup
from tests.world import OpenWorldMeter, World, WorldLoop


def protocol(**changes):
    values = {
        "name": "test", "min_blocks": 4, "max_blocks": 16, "stop_level": 0.97,
        "target_half_width": {"cpu": 0.02, "cuda": 0.01}, "window_s": {"cpu": 1.0, "cuda": 5.0}, "window_queries": 32,
        "warmup_min_s": 0.0, "warmup_max_s": 0.2, "warmup_slope_s": 0.01, "warmup_tolerance": 0.5, "idle_s": 0.0,
        "max_scored": None,
    }  # fmt: skip
    return Protocol(**(values | changes))


def arms(world, *, candidate_j=0.8):
    setup = fake_setup("image")
    return {
        "baseline": ReadyArm(name="baseline", setup=setup, loop=WorldLoop(world, joules=1.0, seconds=0.1)),
        "candidate": ReadyArm(name="candidate", setup=setup, loop=WorldLoop(world, joules=candidate_j, seconds=0.1)),
    }


QUERIES = {"baseline": 50, "candidate": 50}


def measured(world, **changes):
    windows = []
    arguments = (arms(world), QUERIES, protocol(**changes), OpenWorldMeter(world), lambda stage: None, windows)
    return windows, measure_blocks(*arguments)


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


def test_linear_drift_cancels_within_a_block():
    world = World(drift=lambda now_s: 1 + 0.0005 * now_s)  # 20 s a block: 1 % a block, 16 % over all
    windows, _ = measured(world)
    assert energy_ratio(windows, 0.95).estimate == pytest.approx(0.8, rel=1e-4)


def test_the_same_drift_biases_one_arm_after_the_other():
    """The control: measured in sequence, the ratio is wrong by as much as the drift."""
    world = World(drift=lambda now_s: 1 + 0.0005 * now_s)
    meter, ready = OpenWorldMeter(world), arms(world)
    used = []
    for name in ("baseline", "candidate"):
        token = meter.start()
        ready[name].loop.run(400)
        used.append(meter.stop(token).energy_j["gpu"])
    assert used[1] / used[0] > 0.8 * 1.015


def test_noise_that_never_narrows_is_reported_as_unconverged():
    world = World(drift=lambda now_s: 1.0 if int(now_s / 5) % 3 else 2.0)
    windows, converged = measured(world, max_blocks=6)
    assert not converged
    assert len(windows) == 6 * 4


def test_orders_mirror_each_other():
    assert [name for name in ORDERS[0] if name == "baseline"] == ["baseline", "baseline"]
    assert ORDERS[1] == tuple("candidate" if name == "baseline" else "baseline" for name in ORDERS[0])


@pytest.mark.parametrize(
    ("count", "one", "other", "expected"), [(256, 8, 64, 256), (256, 8, 48, 288), (64, 1, 1, 64), (10, 7, 3, 21)]
)
def test_the_list_is_a_multiple_of_both_batch_sizes(count, one, other, expected):
    assert common_pass_queries(count, one, other) == expected


def test_a_window_is_whole_passes_where_a_pass_is_short():
    queries = window_queries({"baseline": 0.001, "candidate": 0.0005}, pass_queries=256, step=8, window_s=1.0, least=32)
    # passes take 0.256 s and 0.128 s; 1.05 s need 5 and 9 of them
    assert queries == {"baseline": 5 * 256, "candidate": 9 * 256}


def test_both_arms_run_the_same_part_where_a_pass_is_long():
    queries = window_queries({"baseline": 0.1, "candidate": 0.05}, pass_queries=256, step=8, window_s=1.0, least=32)
    assert queries == {"baseline": 32, "candidate": 32}  # 21 would do for the faster arm; at least 32


def test_the_part_covers_the_window_of_the_faster_arm():
    queries = window_queries({"baseline": 0.02, "candidate": 0.01}, pass_queries=64, step=8, window_s=1.0, least=32)
    # the slower pass takes 1.28 s, so both run the same: 105 queries for the faster, which is two whole passes
    assert queries == {"baseline": 128, "candidate": 128}


def test_warm_up_stops_at_the_cap_and_says_so():
    class Unsteady(WorldLoop):
        turn = 0

        def run(self, queries):
            import time

            Unsteady.turn += 1
            time.sleep(0.01 * (1 + 3 * (Unsteady.turn % 2)))
            return Work(queries=queries, batches=queries, tokens=None, latencies_s=None)

    arm = ReadyArm(name="candidate", setup=fake_setup("image"), loop=Unsteady(World(), joules=1.0, seconds=1.0))
    _, warning = warm_up(arm, protocol(warmup_tolerance=0.0001))
    assert warning is not None
    assert warning.code == "not_steady"


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


def test_latencies_longer_than_the_window_are_refused():
    with pytest.raises(ImpossibleOutput, match="latencies"):
        check_window(Work(queries=2, batches=2, tokens=None, latencies_s=[0.6, 0.6]), READINGS)


@pytest.mark.parametrize(
    "changes",
    [
        {"min_blocks": 1},
        {"max_blocks": 3},
        {"stop_level": 1.0},
        {"window_s": {"cpu": 0.0, "cuda": 1.0}},
        {"target_half_width": {"cpu": 0.02}},
        {"max_scored": 1},
    ],
)
def test_a_protocol_that_measures_nothing_is_refused(changes):
    with pytest.raises(InputError):
        protocol(**changes)
