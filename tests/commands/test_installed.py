"""What ``pip install .`` installs is whole: the package, its conf/ and models/; and it measures in any folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from suite.io.paths import CHECKOUT

pytestmark = pytest.mark.slow
POINT = [
    "task=image_classification", "mitigation=bf16", "meter=simulated", "protocol=scan", "protocol.min_blocks=2",
    "protocol.max_blocks=2", "protocol.max_scored=20", "lock=none",
]  # fmt: skip


def run(command, **settings):
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **settings)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(CHECKOUT), "--quiet", "--no-deps", "--no-build-isolation"]
    built = run([*command, "--wheel-dir", str(folder)])
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment in which Python finds the wheel's package before any other."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    assert run([*command, str(wheel)]).returncode == 0
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def tracked(*folders):
    listed = run(["git", "-C", str(CHECKOUT), "ls-files", *folders])
    if listed.returncode:
        pytest.skip("not a git checkout, so its files cannot be listed")
    return {file for file in listed.stdout.splitlines() if not Path(file).name.startswith(".")}


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert tracked("suite") <= inside
    assert {f"suite/{file}" for file in tracked("conf", "models")} <= inside
    assert not [file for file in inside if file.startswith(("conf/", "models/", "tests/"))]


def test_it_measures_in_an_empty_folder(installed, tmp_path):
    program = Path(installed["PYTHONPATH"]) / "bin" / "energy-mitigation-benchmark"
    done = run([str(program), "measure", *POINT], cwd=tmp_path, env=installed)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / "default" / "index.html").is_file()
    [file] = (tmp_path / "runs" / "default" / "records").glob("*.json")
    record = json.loads(file.read_text("utf-8"))
    assert record["status"] == "ok"
    assert record["environment"]["git_revision"] is None
