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
from suite.measure.point import measure
from suite.sweep.planning import planned

class Warm(BaseException):
    pass

def notify(stage):
    if stage.startswith("warming up"):
        raise Warm

overrides = ["mitigation=none", "device=cpu", "threads=1", "protocol.max_scored=20", "task=" + sys.argv[1]]
(point,) = planned([[*overrides, "runs_dir=" + sys.argv[2]]])
before = set(sys.modules)
try:
    measure(plan_of(point.plan.config, point.labels), notify)
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
