"""action.yml: its steps as a runner executes them, with a stand-in for ``gh`` that notes what it is asked."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from suite.io.paths import CHECKOUT
from tests.synthetic import record, windows, write_run

ACTION = yaml.safe_load((CHECKOUT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
GH = """#!/bin/bash
echo "$*" >> "$GH_LOG"
if [[ "$*" == *--paginate* ]]; then echo "$GH_FOUND"; fi
"""


@pytest.fixture
def runner(tmp_path):
    """The environment of a step."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "gh").write_text(GH)
    (programs / "python").write_text(f'#!/bin/bash\nexec "${{INSTEAD_OF_PYTHON:-{sys.executable}}}" "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    for name, ratio in (("before", 0.5), ("worse", 0.9)):
        changed = windows([ratio] * 4)
        write_run(tmp_path / "runs" / name, [record(run_windows=changed, mitigations=(("int8_dynamic", {}),))])
    return os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(CHECKOUT), "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_REPOSITORY": "owner/name", "GH_LOG": str(tmp_path / "asked"), "GH_FOUND": "", "NUMBER": "7",
        "BEFORE": "runs/before", "LANGUAGE_OF_COMMENT": "en",
    }  # fmt: skip


def execute(step, environment):
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]]
    folder = environment["RUNNER_TEMP"]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60).returncode


@pytest.mark.parametrize(("after", "regressed"), [("worse", "true"), ("before", "false")])
def test_the_comparison_says_whether_something_got_worse(runner, tmp_path, after, regressed):
    assert execute("Compare", runner | {"AFTER": f"runs/{after}"}) == 0
    assert (tmp_path / "output").read_text() == f"regressed={regressed}\n"
    assert "| " in (tmp_path / "summary").read_text()
    assert (tmp_path / "energy-comment.md").read_text().startswith("<!-- energy-benchmark -->\n")


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 3", 0), ("exit 2", 2), ("false; true", 1)])
def test_points_that_failed_are_compared_all_the_same(runner, command, code):
    assert execute("Measure", runner | {"MEASURE": command}) == code


def test_a_run_that_is_not_there_ends_the_job(runner):
    assert execute("Compare", runner | {"AFTER": "runs/missing"}) == 2


def test_a_crash_is_no_regression(runner, tmp_path):
    assert execute("Compare", runner | {"AFTER": "runs/worse", "INSTEAD_OF_PYTHON": "/bin/false"}) == 1
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ("", "--method POST repos/owner/name/issues/7/comments"),
        ("12", "--method PATCH repos/owner/name/issues/comments/12"),
    ],
)
def test_one_comment_is_made_and_then_kept_up_to_date(runner, tmp_path, found, asked):
    assert execute("Comment", runner | {"GH_FOUND": found}) == 0
    looked, wrote = (tmp_path / "asked").read_text().splitlines()
    assert "--paginate" in looked
    assert wrote == f"api {asked} --field body=@{tmp_path}/energy-comment.md"


def test_no_input_is_pasted_into_a_script():
    assert not any("${{" in step["run"] for step in STEPS.values())
    assert all(step["shell"] == "bash" for step in STEPS.values())


def test_every_input_is_used_and_every_one_that_is_used_declared():
    text = (CHECKOUT / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([a-z_-]+)", text)) == set(ACTION["inputs"])


def test_the_documented_workflow_gives_what_the_action_requires():
    page = (CHECKOUT / "docs" / "publishing.md").read_text()
    workflow = yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL).group(1))
    (step,) = [step for step in workflow["jobs"]["energy"]["steps"] if step.get("uses") == "./"]
    required = {name for name, each in ACTION["inputs"].items() if each.get("required")}
    assert required <= set(step["with"]) <= set(ACTION["inputs"])
    assert workflow["permissions"]["pull-requests"] == "write"
