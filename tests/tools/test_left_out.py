"""A machine without the packages that are not carried to a GPU box: it measures, and the report is built elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.record.store import load_run
from tests.commands.test_command_line import FAST
from tests.synthetic import record, windows, write_run
from tools.wheelhouse import load_box

CHECKOUT = Path(__file__).parents[2]
IMPORTED_AS = {"vl-convert-python": "vl_convert"}
SITECUSTOMIZE = """\
import sys
from importlib.machinery import PathFinder


class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {names} else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


@pytest.fixture
def without(tmp_path):
    """Runs this interpreter as if the packages that nobody carries were not installed."""
    names = {IMPORTED_AS.get(name, name) for name in load_box().not_needed}
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE.format(names=names))

    def run(*arguments):
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{CHECKOUT}"}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_the_stand_in_has_the_carried_packages_and_not_the_others(without):
    found = without(
        "-c", "from importlib.util import find_spec as f; print(*map(f, ['altair', 'pydantic']), f('msgspec'))"
    )
    assert found.stdout.startswith("None None ModuleSpec(")


@pytest.mark.slow
def test_a_point_is_measured_and_one_line_says_how_to_build_its_report(without, tmp_path):
    fast = [text for text in FAST if text != "report=false"]
    done = without("-m", "suite", *fast, f"runs_dir={tmp_path}/runs", "name=box", "task=image_classification")
    assert done.returncode == 0, done.stderr
    records, torn = load_run(tmp_path / "runs/box")
    assert [each.status for _, each in records] == ["ok"]
    assert not torn
    [line] = [line for line in done.stdout.splitlines() if line.startswith("report: ")]
    assert line.startswith(
        f"report: not built, altair and vl_convert not installed here; the records are in {tmp_path}/runs/box/records. "
    )
    assert line.endswith("make report NAME=box")
    assert "Traceback" not in done.stderr


def test_the_report_command_refuses_with_one_line(without, tmp_path):
    run_folder = write_run(tmp_path / "runs" / "tiny", [record(run_windows=windows([1.0] * 4))])
    done = without("-m", "suite.report", run_folder)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: the report's chart libraries are not installed here, got 'no altair or vl_convert', "
    )
    assert len(done.stderr.splitlines()) == 1
