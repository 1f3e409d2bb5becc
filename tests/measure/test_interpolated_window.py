import dataclasses

import pytest

from benchmarks.measurement.virtual import real_codecarbon, world
from suite.core.meter import Readings
from suite.errors import ImpossibleOutput
from suite.measure.interpolated_window import interpolated_window
from tests.world import OpenWorldMeter, World, world_arms

STEP_S = 0.1


class CoarseMeter(OpenWorldMeter):
    """Reads a GPU's energy as of the last step, and a CPU's; each reading takes 5 ms without work."""

    def start(self, *, quiet=False):
        token = self.world.now_s, self._counted_j()
        self.world.work(0.0, 0.005)
        return token

    def stop(self, token):
        readings = Readings(
            duration_s=self.world.now_s - token[0],
            energy_j={"gpu": self._counted_j() - token[1], "cpu": 7.0},
            method={"gpu": "measured:world", "cpu": "estimated:world"},
        )
        self.world.work(0.0, 0.005)
        return readings

    def _counted_j(self):
        return self.world.energy_at(STEP_S * int(self.world.now_s / STEP_S + 1e-9))


@dataclasses.dataclass
class Exact:
    """The world's energy between any two moments; steps are noted as they come, or never."""

    world: World
    is_still: bool = False
    reaches: bool = True

    def noted_after(self, moment_s):
        return not self.is_still and STEP_S * int(self.world.now_s / STEP_S) >= moment_s

    def rises(self, from_s, to_s):
        energy_j = self.world.energy_at(to_s) - self.world.energy_at(from_s)
        return [_Found(energy_j, 0.25)] if self.reaches else []


@dataclasses.dataclass
class _Found:
    energy_j: float
    uncertainty_j: float


@pytest.fixture
def scene(monkeypatch):
    """A world whose time is the machine's, and its baseline: 1 J a query of 30 ms."""
    world = World()
    monkeypatch.setattr("time.perf_counter", lambda: world.now_s)
    return world, world_arms(world, seconds=0.03)["baseline"]


def test_a_window_holds_its_own_work_and_nothing_else(scene):
    world, arm = scene
    window = interpolated_window(arm, 40, 3, CoarseMeter(world), interpolation=Exact(world), roll=4)
    assert (window.arm, window.block, window.queries, window.edges) == ("baseline", 3, 40, "interpolated")
    assert window.duration_s == pytest.approx(40 * 0.03)
    assert window.energy_j == {"gpu": pytest.approx(40.0), "cpu": 7.0}
    assert window.energy_uncertainty_j == {"gpu": 0.25}


def test_the_meters_own_reading_stays_beside_it(scene):
    world, arm = scene
    window = interpolated_window(arm, 41, 0, CoarseMeter(world), interpolation=Exact(world), roll=4)
    # roll until 0.12 s, read at 0.12 s: as of 0.1 s; then 5 ms, 1.23 s of work, read at 1.355 s: as of 1.3 s
    assert window.codecarbon_energy_j["gpu"] == pytest.approx(world.energy_at(1.3) - world.energy_at(0.1))
    assert window.codecarbon_energy_j["gpu"] != pytest.approx(window.energy_j["gpu"], rel=0.01)
    assert window.codecarbon_energy_j["cpu"] == 7.0


def test_the_arms_own_work_fills_the_steps_that_hold_the_ends(scene):
    world, arm = scene
    interpolated_window(arm, 40, 0, CoarseMeter(world), interpolation=Exact(world), roll=4)
    # 0.12 s before; after the window's end at 1.325 s until the step at 1.4 s: one roll of 0.12 s
    assert [(first, queries) for _, first, queries in arm.loop.ran] == [(0, 4), (4, 40), (44, 4)]
    assert world.now_s == pytest.approx(0.12 + 0.005 + 1.2 + 0.005 + 0.12)


def test_work_goes_on_until_the_step_is_noted(scene):
    world, arm = scene
    interpolated_window(arm, 40, 0, CoarseMeter(world), interpolation=Exact(world), roll=1)
    # the window ends at 1.235 s; rolls of 30 ms from 1.24 s on
    assert [queries for _, _, queries in arm.loop.ran] == [1, 40, 1, 1]
    assert world.now_s == pytest.approx(1.3)


def test_steps_that_were_missed_leave_the_meters_reading(scene):
    world, arm = scene
    window = interpolated_window(arm, 40, 0, CoarseMeter(world), interpolation=Exact(world, reaches=False), roll=4)
    assert window.edges == "unaligned"
    assert window.energy_j["gpu"] == pytest.approx(world.energy_at(1.3) - world.energy_at(0.1))
    assert window.codecarbon_energy_j == window.energy_uncertainty_j == {}


def test_a_counter_that_stands_still_is_an_error(scene):
    world, arm = scene
    with pytest.raises(ImpossibleOutput, match="stands still"):
        interpolated_window(arm, 40, 0, CoarseMeter(world), interpolation=Exact(world, is_still=True), roll=4)


def test_a_window_of_the_real_meter_on_a_board_without_lag():
    with world(1.0, real_codecarbon(), lag_s=0.0, reading_s=0.003) as here:
        arm = here.arms["baseline"]
        ticker = here.meter.ticker(lambda: arm.loop.run(20))
        window = interpolated_window(arm, 100, 0, here.meter, interpolation=ticker.interpolation, roll=12)
    assert window.edges == "interpolated"
    assert window.energy_j["gpu"] == pytest.approx(window.conditions.truth_j["gpu"], rel=0.002)
    # CodeCarbon's reading may be off by a step of 30 J
    assert abs(window.codecarbon_energy_j["gpu"] - window.energy_j["gpu"]) < 1.25 * 0.1 * 320
    assert window.conditions.integral_j == pytest.approx(window.energy_j["gpu"], rel=0.05)
    assert window.conditions.counter_j is None
