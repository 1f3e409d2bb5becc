import contextlib
import time

import pytest

from suite.core.workload import Work
from suite.measure.warm_up import warm_up
from suite.measure.windows import ReadyArm
from tests.fakes import fake_setup
from tests.world import World, WorldLoop, protocol


def test_warm_up_stops_at_the_cap_and_says_so():
    class Unsteady(WorldLoop):
        turn = 0

        def run(self, queries, first=0):
            Unsteady.turn += 1
            time.sleep(0.01 * (1 + 3 * (Unsteady.turn % 2)))
            return Work(queries=queries, batches=queries, tokens=None, latencies_s=None)

    arm = ReadyArm(name="candidate", setup=fake_setup("image"), loop=Unsteady(World(), joules=1.0, seconds=1.0))
    _, warning = warm_up(arm, protocol(warmup_tolerance=0.0001))
    assert warning is not None
    assert warning.code == "not_steady"


def test_an_arm_is_warmed_up_as_it_is_held_in_windows():
    events = []

    @contextlib.contextmanager
    def hold():
        events.append("held")
        yield
        events.append("let go")

    class Loud(WorldLoop):
        def run(self, queries, first=0):
            events.append("run")
            return super().run(queries, first)

    arm = ReadyArm(
        name="candidate", setup=fake_setup("image", holds=(hold,)), loop=Loud(World(), joules=1.0, seconds=1.0)
    )
    warm_up(arm, protocol())
    assert (events[0], events[-1], set(events[1:-1])) == ("held", "let go", {"run"})


@pytest.mark.parametrize(("fewest", "run"), [(1, 3), (10, 10)])
def test_a_loop_says_how_many_queries_are_the_fewest(monkeypatch, fewest, run):
    class Loop(WorldLoop):
        warm_up_queries = fewest

    world = World()
    monkeypatch.setattr(time, "perf_counter", lambda: world.now_s)
    loop = Loop(world, joules=1.0, seconds=1.0)
    arm = ReadyArm(name="baseline", setup=fake_setup("image", batch_size=1), loop=loop)
    assert warm_up(arm, protocol(warmup_slope_s=1.0, warmup_max_s=1000.0)) == (1.0, None)
    assert sum(queries for _, _, queries in loop.ran) == run  # three slopes of a second, at least
