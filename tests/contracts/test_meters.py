"""What every meter promises, opened on the CPU of this machine."""

import contextlib
import math

import pytest

from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.errors import ImpossibleOutput, InputError
from suite.io.paths import CONF
from tests.fakes import fake_setup
from tests.world import World, WorldLoop

NAMES = sorted(path.stem for path in (CONF / "meter").glob("*.yaml"))
PROVENANCE = ("measured:", "estimated:", "simulated:", "replayed:")


@pytest.fixture(params=NAMES)
def meter(request):
    with contextlib.ExitStack() as stack:
        made = build(resolved(composed([f"meter={request.param}"]))["meter"])
        try:
            opened = stack.enter_context(made.open("cpu"))
        except InputError as error:
            pytest.skip(f"needs what its yaml leaves open: {error}")
        for arm in ("baseline", "candidate"):
            opened.watch(arm, WorldLoop(World(), joules=1.0, seconds=0.0))
        yield opened


def burn():
    setup = fake_setup("image")
    batch = setup.task.batch(setup, setup.task.queries()[:8])
    for _ in range(40):
        setup.model(**batch)


def test_each_component_has_a_provenance_and_none_is_nought(meter):
    token = meter.start()
    burn()
    readings = meter.stop(token)
    assert readings.duration_s > 0
    assert readings.energy_j.keys() == readings.method.keys()
    assert all(method.startswith(PROVENANCE) for method in readings.method.values())
    assert all(math.isfinite(energy_j) for energy_j in readings.energy_j.values())


def test_windows_do_not_nest(meter):
    token = meter.start()
    with pytest.raises(ImpossibleOutput):
        meter.start()
    burn()
    meter.stop(token)


def test_it_describes_every_component_that_it_reads(meter):
    token = meter.start()
    burn()
    read = set(meter.stop(token).energy_j)
    described = meter.describe()
    assert described["name"]
    assert read <= set(described["components"])
