"""``make bench PY=python3`` beside a folder of wheels, with an interpreter that only says what it was asked."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.making import run_make
from tests.tools.wheels import make_wheel

CHECKOUT = Path(__file__).parents[2]
STAND_IN = """#!/bin/sh
echo "PYTHONPATH=$PYTHONPATH ran $*"
case "$*" in *"pip install"*) mkdir -p {site} ;; *"wheelhouse check"*) exit {check} ;; esac
"""
WHEEL = "carried-1.0-py3-none-any.whl"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


@pytest.fixture
def make(tmp_path):
    site = tmp_path / "wheelhouse/site-packages"

    def run(*arguments, check=0, python=None):
        (tmp_path / "python").write_text(STAND_IN.format(site=site, check=check))
        (tmp_path / "python").chmod(0o755)
        return run_make(*arguments, f"PY={python or tmp_path / 'python'}", f"WHEELHOUSE={tmp_path}/wheelhouse")

    return run


def asked(done):
    """What the stand-in was asked, without the line of make's that shows the command."""
    return [line for line in done.stdout.splitlines() if line.startswith("PYTHONPATH=")]


def test_wheels_are_installed_beside_themselves_once_and_used(make, tmp_path):
    wheel, site = make_wheel(tmp_path / "wheelhouse", WHEEL), tmp_path / "wheelhouse/site-packages"
    first, second = make("bench", "EXPERIMENT=smoke"), make("bench", "EXPERIMENT=smoke")
    install = f"-m pip install --quiet --no-index --no-deps --target {site} {wheel}"
    assert [line.partition(" ran ")[2] for line in asked(first)] == [
        install, "-m tools.wheelhouse check", "-m suite experiment=smoke"
    ]  # fmt: skip
    assert [line.partition(" ran ")[2] for line in asked(second)] == ["-m suite experiment=smoke"]
    assert {line.partition(" ran ")[0].partition(":")[0] for line in asked(second)} == {f"PYTHONPATH={site}"}


def test_without_wheels_the_interpreter_is_used_as_it_is(make):
    [line] = asked(make("bench", "EXPERIMENT=smoke"))
    assert line.endswith("ran -m suite experiment=smoke")
    assert "site-packages" not in line.partition(" ran ")[0]


def test_a_box_that_lacks_something_measures_nothing_and_is_asked_again(make, tmp_path):
    make_wheel(tmp_path / "wheelhouse", WHEEL)
    for _ in range(2):
        done = make("bench", "EXPERIMENT=smoke", check=2)
        assert done.returncode != 0
        assert asked(done)[-1].endswith("ran -m tools.wheelhouse check")


def test_installing_without_wheels_says_where_they_come_from(make):
    done = make("offline-install")
    assert done.returncode == 2
    assert "run make wheelhouse where there is internet" in done.stderr


def test_pip_installs_the_wheels_without_an_index(make, tmp_path):
    make_wheel(tmp_path / "wheelhouse", WHEEL)
    done = make("offline-install", python=sys.executable)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "wheelhouse/site-packages/carried/__init__.py").is_file()
    assert done.stdout.endswith(f"export PYTHONPATH={tmp_path}/wheelhouse/site-packages\n")


def test_gathering_hands_on_what_the_box_is(make, tmp_path):
    done = make("wheelhouse", "PYTHON_VERSION=3.13", "MACHINE=aarch64", "CUDA=128", "WITH=datasets rich")
    assert asked(done)[0].partition(" ran ")[2] == (
        f"-m tools.wheelhouse gather --into {tmp_path}/wheelhouse --python-version 3.13 --machine aarch64 --cuda 128 "
        "--with datasets rich"
    )
