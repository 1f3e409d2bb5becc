"""What the server of points has ready: a point of an embedded task must not have to do it again."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # an interpreter takes seven seconds to import what the server has ready
TASKS = ("image_classification", "text_classification", "text_generation")
SERVER = """
import json, os, sys
import suite.sweep.preload

for stream in (sys.stdout, sys.stderr):
    print("READY", file=stream, flush=True)

from suite.config.build import plan_of
from suite.measure.observer import Nobody
from suite.measure.point import measure
from suite.sweep.planning import planned

class Warm(BaseException):
    pass

class UntilWarm(Nobody):
    def stage(self, text, left_s=None):
        if text.startswith("warming up"):
            raise Warm

def live(task):
    overrides = ["mitigation=none", "device=cpu", "threads=1", "protocol.max_scored=20", "task=" + task]
    (point,) = planned([[*overrides, "runs_dir=" + sys.argv[1]]])
    before = set(sys.modules)
    try:
        measure(plan_of(point.plan.config, point.labels), UntilWarm())
    except Warm:
        import torch

        new = {name.partition(".")[0] for name in set(sys.modules) - before}
        known = {name.partition(".")[0] for name in before}
        print(json.dumps({task: {"imported": sorted(new - known), "cuda": torch.cuda.is_initialized()}}), flush=True)

for task in sys.argv[2:]:  # each point is forked from the server, as in a sweep, and finds what that has ready
    if os.fork() == 0:
        try:
            live(task)
        finally:
            os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """What the server said and what each of its points said, on each stream."""
    command = [sys.executable, "-c", SERVER, str(tmp_path_factory.mktemp("runs")), *TASKS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [said.partition("READY\n") for said in (done.stdout, done.stderr)]


@pytest.mark.parametrize("task", TASKS)
def test_a_point_starts_without_importing_another_library(server, task):
    (_, _, said), (_, _, errors) = server
    told = {}
    for line in said.splitlines():
        told |= json.loads(line)
    assert task in told, errors
    assert told[task] == {"imported": [], "cuda": False}


def test_the_server_says_nothing(server):
    assert [(before, ready) for before, ready, _ in server] == [("", "READY\n")] * 2


GPU_SERVER = """
import json, sys
import torch

real = torch.cuda.is_available
torch.cuda.is_available = lambda: True  # as on a machine with a GPU
import suite.sweep.preload
torch.cuda.is_available = real

early = sorted(name for name in sys.modules if name.partition(".")[0] == "torchao")
from transformers.utils import is_torchao_available

print(json.dumps([early, is_torchao_available(), torch.cuda.is_initialized()]))
"""


def test_a_server_for_a_gpu_leaves_torchao_to_the_points_that_use_it():
    done = subprocess.run([sys.executable, "-c", GPU_SERVER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[], True, False]


LATE_TORCHAO = """
import sys
sys.modules["torchao"] = None
import transformers.integrations.torchao as integration
assert not hasattr(integration, "is_metadata_torchao")
del sys.modules["torchao"]
from transformers.utils import is_torchao_available
is_torchao_available.cache_clear()
from suite.checkpoints.quantised_checkpoint import _complete_transformers
_complete_transformers()
assert hasattr(integration, "is_metadata_torchao")
"""


def test_a_torchao_checkpoint_loads_where_transformers_was_there_first():
    done = subprocess.run([sys.executable, "-c", LATE_TORCHAO], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
