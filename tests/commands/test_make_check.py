"""``make check`` and its audit, with an interpreter that only says what it was asked and ends as the test says."""

import shutil

import pytest

from tests.making import run_make

STAND_IN = """#!/bin/sh
echo "ran $*"
case "$*" in
    *"/dev/stdin --format json"*)
        [ {service} = 0 ] && echo '{{"dependencies": [{{"name": "pip-audit", "vulns": []}}]}}' && exit 0
        echo "Traceback"; echo "requests.exceptions.ConnectionError: no route"; exit 1 ;;
    *pip_audit*) exit {audit} ;;
esac
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


@pytest.fixture
def make(tmp_path):
    def run(target, *, service, audit):
        for name in ("python", "lint-imports", "hadolint", "check-jsonschema"):
            (tmp_path / name).write_text(STAND_IN.format(service=service, audit=audit))
            (tmp_path / name).chmod(0o755)
        return run_make(target, f"PY={tmp_path}/python", f"WHEELHOUSE={tmp_path}/none")

    return run


def test_a_check_without_the_service_says_that_nothing_was_audited_and_why(make):
    done = make("check", service=1, audit=0)
    assert done.returncode == 0
    assert "audit NOT done" in done.stdout
    assert "ConnectionError: no route" in done.stdout
    assert "ran -m pip_audit" not in done.stdout  # the question about pip-audit itself is not shown


def test_a_check_with_the_service_audits(make):
    done = make("check", service=0, audit=0)
    assert done.returncode == 0
    assert "ran -m pip_audit --strict" in done.stdout
    assert "NOT done" not in done.stdout


def test_a_vulnerability_fails_the_check(make):
    assert make("check", service=0, audit=1).returncode != 0


def test_the_audit_alone_never_passes_without_an_answer(make):
    done = make("audit", service=1, audit=1)
    assert done.returncode != 0
    assert "NOT done" not in done.stdout
