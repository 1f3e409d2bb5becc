"""What the server of points has ready: a point of an embedded task must not have to do it again."""

import json
import subprocess
import sys

import pytest

TASKS = ("image_classification", "text_classification", "text_generation")
START = """
import json, sys
import suite.sweep.preload
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

overrides = ["mitigation=none", "device=cpu", "threads=1", "protocol.max_scored=20", "task=" + sys.argv[1]]
(point,) = planned([[*overrides, "runs_dir=" + sys.argv[2]]])
before = set(sys.modules)
try:
    measure(plan_of(point.plan.config, point.labels), UntilWarm())
except Warm:
    import torch

    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    known = {name.partition(".")[0] for name in before}
    print(json.dumps({"imported": sorted(new - known), "cuda": torch.cuda.is_initialized()}))
"""


@pytest.mark.parametrize("task", TASKS)
def test_a_point_starts_without_importing_another_library(tmp_path, task):
    command = [sys.executable, "-c", START, task, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"imported": [], "cuda": False}


def test_the_server_says_nothing():
    done = subprocess.run(
        [sys.executable, "-c", "import suite.sweep.preload"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


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
