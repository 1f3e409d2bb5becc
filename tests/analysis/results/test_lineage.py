import subprocess
import sys
from pathlib import Path

import pytest

from suite.analysis.results.lineage import SOURCES, SUITE, Lineage, analysis_version, source_digest, unknown_lineages


@pytest.fixture
def code(tmp_path):
    (tmp_path / "analysis" / "point").mkdir(parents=True)
    (tmp_path / "analysis" / "point" / "energy.py").write_text("x = 1\n")
    (tmp_path / "units.py").write_text("y = 1\n")
    return tmp_path


def digest_of(code):
    return source_digest(code, ["analysis", "units.py"])


@pytest.mark.parametrize("name", ["analysis/point/energy.py", "units.py"])
def test_any_change_of_the_code_is_another_version(code, name):
    before = digest_of(code)
    (code / name).write_text("x = 2\n")
    assert digest_of(code) != before


def test_a_module_that_comes_in_is_another_version(code):
    before = digest_of(code)
    (code / "analysis" / "speed.py").write_text("")
    assert digest_of(code) != before


def test_code_that_moves_between_modules_is_another_version(code):
    before = digest_of(code)
    (code / "units.py").rename(code / "analysis" / "point" / "units.py")
    (code / "units.py").write_text("")
    assert digest_of(code) != before


def test_neither_line_ends_nor_files_that_are_no_code_count(code):
    before = digest_of(code)
    (code / "units.py").write_bytes(b"y = 1\r\n")
    (code / "analysis" / "notes.txt").write_text("x")
    assert digest_of(code) == before


def test_every_source_of_the_analysis_is_there():
    assert all((SUITE / name).exists() for name in SOURCES)
    assert (SUITE / "analysis" / "summary.py").is_file()


def test_what_states_no_version_is_not_of_this_one():
    (unknown,) = unknown_lineages(["a", "a"])
    assert (unknown.run, unknown.is_current) == ("a", False)
    assert Lineage(run="a", records=None, analysis=analysis_version()).is_current


def test_all_code_that_derives_a_point_counts():
    """But for error types, files, and what ``import suite`` asks of OpenMP's threads: they change no figure."""
    code = (
        "import sys; import suite.analysis.summary, suite.record.store\n"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'suite'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    parts = {name.split(".")[1] for name in done.stdout.split() if "." in name}
    assert parts - {"errors", "io", "machine"} == {Path(name).stem for name in SOURCES}
