import pytest
import torch

from suite.measure.one_off import metered
from tests.world import OpenWorldMeter, World


def test_seconds_and_joules_are_those_of_the_work():
    world = World()
    spent = metered(OpenWorldMeter(world), lambda: world.work(3.0, 2.0))
    assert spent.energy_j["gpu"] == pytest.approx(3.0)
    assert spent.method.keys() == spent.energy_j.keys()


def test_energy_below_the_meters_step_is_absent():
    assert metered(OpenWorldMeter(World()), lambda: None).energy_j == {}


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), KeyboardInterrupt()])
def test_whatever_ends_the_work_no_window_is_left_open(error):
    opened = []

    class Counting(OpenWorldMeter):
        def start(self, **how):
            opened.append(1)
            return super().start(**how)

        def stop(self, token):
            opened.pop()
            return super().stop(token)

    def work():
        raise error

    with pytest.raises(type(error)):
        metered(Counting(World()), work)
    assert opened == []
