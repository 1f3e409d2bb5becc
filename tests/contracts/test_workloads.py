"""What every workload promises, on a tiny model."""

import dataclasses

import pytest

from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.errors import NotApplicable
from suite.io.paths import CONF
from tests.fakes import fake_setup

SERVED = ("endpoint",)  # tests/measure/test_served_point.py
NAMES = sorted({path.stem for path in (CONF / "workload").glob("*.yaml")} - set(SERVED))


@pytest.fixture(params=NAMES)
def workload(request):
    """With training cut to two steps."""
    made = build(resolved(composed([f"workload={request.param}"]))["workload"])
    steps = [field.name for field in dataclasses.fields(made) if field.name.endswith("_steps")]
    return dataclasses.replace(made, **dict.fromkeys(steps, 2))


@pytest.fixture
def setup(workload):
    size = 1 if workload.default_batch_size == 1 else 4
    return workload.prepared(fake_setup("image", phase=workload.phase, batch_size=size))


def test_a_loop_runs_as_many_queries_as_asked_round_and_round(workload, setup):
    loop, size = workload.loop(setup, 8), workload.as_counted(setup).batch_size
    assert loop.pass_queries == 8
    loop.reset()
    work = loop.run(3 * 8, first=size)
    assert work.queries == 24
    assert 24 // size <= work.batches <= (24 if workload.is_paced else 24 // size)
    assert work.latencies_s is None or len(work.latencies_s) == 24


def test_a_list_is_shortened_to_whole_batches(workload, setup):
    loop = workload.loop(setup, 8)
    loop.keep_first(4)
    assert loop.pass_queries == 4
    assert loop.run(8).queries == 8


def test_each_shape_has_a_query_that_shows_it(workload, setup):
    loop = workload.loop(setup, 8)
    assert loop.shapes == (0,)  # all pictures are of one size


def test_it_scores_every_test_item(workload, setup):
    assert len(workload.evaluate(setup)) == len(setup.task.test())


def test_the_setup_and_its_weights_are_left_alone(workload, setup):
    before = {name: value.clone() for name, value in setup.model.state_dict().items()}
    loop = workload.loop(setup, 8)
    loop.reset()
    loop.run(8)
    assert all(before[name].equal(value) for name, value in setup.model.state_dict().items())


@pytest.mark.parametrize("name", SERVED)
def test_what_is_served_runs_no_model_of_its_own(name):
    made = build(resolved(composed([f"workload={name}"]))["workload"])
    with pytest.raises(NotApplicable, match="over the network"):
        made.loop(fake_setup("image"), 8)
    with pytest.raises(NotApplicable, match=r"workload\.prompts"):
        made.evaluate(fake_setup("image"))
