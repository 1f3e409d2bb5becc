"""What is carried to a GPU box without internet. pip is the real one and looks at a folder of wheels made here."""

import dataclasses
import sys
import zipfile
from importlib import metadata

import pytest
from packaging.tags import sys_tags

from suite.errors import InputError
from tests.tools.wheels import make_wheel
from tools import wheelhouse
from tools.wheelhouse import Target, closure, gather, load_box, project_requirements, unmet

pytestmark = pytest.mark.slow

PYTHON_312 = Target(python_version="3.12", machine="x86_64")
CARRIED = {
    "absl-py", "antlr4-python3-runtime", "arrow", "babel", "bitsandbytes", "codecarbon", "datasets", "defusedxml",
    "dill", "hydra-core", "lightning-utilities", "msgspec", "multiprocess", "nltk", "omegaconf", "optimum",
    "optimum-quanto", "pycountry", "rapidfuzz", "rouge-score", "six", "torchao", "torchmetrics", "tzdata",
}  # fmt: skip


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An empty folder, the only place where pip looks."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


@pytest.fixture
def installed(monkeypatch):
    """Packages that pretend to be installed, with their needs."""

    def pretend(needs):
        monkeypatch.setattr(metadata, "requires", lambda name: needs[name])

    return pretend


def box(**changes):
    empty = {"provided": frozenset(), "source_only": frozenset(), "not_needed": {}, "trim": {}}
    return wheelhouse.Box(**{**empty, **changes})


def test_carried_is_all_that_the_project_needs_less_what_the_box_file_names():
    whole = load_box()
    everything = closure(project_requirements(), dataclasses.replace(whole, not_needed={}), PYTHON_312.markers)
    assert closure(project_requirements(), whole, PYTHON_312.markers).keys() - whole.provided == CARRIED
    assert whole.provided <= everything.keys()  # nothing is named there that nobody needs
    assert whole.not_needed.keys() <= everything.keys()


def test_the_needs_of_what_the_box_provides_are_not_followed(installed):
    installed({"a": ["b>=1", "torch"], "b": []})
    found = closure(["a"], box(provided=frozenset({"torch"})), PYTHON_312.markers)
    assert found.keys() == {"a", "b", "torch"}


def test_a_need_of_another_python_or_of_an_extra_is_not_followed(installed):
    installed(
        {"a": ['old; python_version < "3.12"', 'new; python_version >= "3.12"', 'more; extra == "all"'], "new": []}
    )
    assert closure(["a"], box(), PYTHON_312.markers).keys() == {"a", "new"}


def test_all_that_is_asked_of_a_package_is_kept(installed):
    installed({"a": ["c<3"], "b": ["c>=2"], "c": []})
    found = closure(["a", "b"], box(), PYTHON_312.markers)
    assert {str(each.specifier) for each in found["c"]} == {"<3", ">=2"}


def test_with_carries_what_would_be_left_out():
    altered = load_box(["altair", "Pandas"])
    assert "altair" not in altered.not_needed
    assert load_box().provided - altered.provided == {"pandas"}


def test_with_refuses_what_is_not_left_out():
    with pytest.raises(InputError, match="codecarbon"):
        load_box(["codecarbon"])


@pytest.mark.parametrize("version", ["3", "2.7", "3.x", "3.12.1", ""])
def test_a_python_version_that_is_no_major_and_minor_is_refused(version):
    with pytest.raises(InputError, match="PYTHON_VERSION"):
        Target(python_version=version, machine="x86_64")


def test_the_wheel_of_the_pinned_version_for_the_other_python_is_taken(index, installed, tmp_path):
    installed({"msgspec": []})
    for tag in (
        "cp311-cp311-manylinux2014_x86_64",
        "cp312-cp312-manylinux2014_x86_64",
        "cp312-cp312-macosx_11_0_arm64",
    ):
        make_wheel(index, f"msgspec-0.22.0-{tag}.whl")
    make_wheel(index, "msgspec-0.23.0-cp312-cp312-manylinux2014_x86_64.whl")  # newer than constraints.txt has it
    [wheel] = gather(tmp_path / "wheelhouse", ["msgspec"], PYTHON_312, box(), cuda="130")
    assert wheel == tmp_path / "wheelhouse/msgspec-0.22.0-cp312-cp312-manylinux2014_x86_64.whl"


def test_where_the_pinned_version_has_no_such_wheel_one_in_range_is_taken_and_said(index, installed, tmp_path, capsys):
    installed({"msgspec": []})
    make_wheel(index, "msgspec-0.22.0-cp311-cp311-manylinux2014_x86_64.whl")
    make_wheel(index, "msgspec-0.21.0-cp312-cp312-manylinux2014_x86_64.whl")
    [wheel] = gather(tmp_path / "wheelhouse", ["msgspec>=0.20"], PYTHON_312, box(), cuda="130")
    assert wheel.name.startswith("msgspec-0.21.0-cp312")
    assert "msgspec==0.22.0 has no wheel for Python 3.12 on x86_64; taking msgspec>=0.20" in capsys.readouterr().out


def test_a_package_without_any_fitting_wheel_is_named_and_the_folder_stays_as_it_was(index, installed, tmp_path):
    installed({"msgspec": []})
    older = make_wheel(tmp_path / "wheelhouse", "older-1.0-py3-none-any.whl")
    with pytest.raises(InputError, match="msgspec"):
        gather(tmp_path / "wheelhouse", ["msgspec>=0.20"], PYTHON_312, box(), cuda="130")
    assert older.is_file()


def test_wheels_of_an_earlier_time_are_replaced(index, installed, tmp_path):
    installed({"arrow": []})
    make_wheel(index, "arrow-1.4.0-py3-none-any.whl")
    make_wheel(tmp_path / "wheelhouse", "older-1.0-py3-none-any.whl")
    gather(tmp_path / "wheelhouse", ["arrow"], PYTHON_312, box(), cuda="130")
    assert [path.name for path in (tmp_path / "wheelhouse").iterdir()] == ["arrow-1.4.0-py3-none-any.whl"]


def test_bitsandbytes_is_carried_with_the_cpu_library_and_that_of_one_cuda(index, installed, tmp_path):
    installed({"bitsandbytes": ["torch", "numpy", "packaging"]})
    files = {f"bitsandbytes/libbitsandbytes_{kind}.so": kind for kind in ("cpu", "cuda121", "cuda130", "rocm72")}
    make_wheel(index, "bitsandbytes-0.50.2-py3-none-manylinux_2_24_x86_64.whl", files)
    [wheel] = gather(tmp_path / "wheelhouse", ["bitsandbytes"], PYTHON_312, load_box(), cuda="121")
    with zipfile.ZipFile(wheel) as archive:
        left = {name for name in archive.namelist() if name.endswith(".so")}
    assert left == {"bitsandbytes/libbitsandbytes_cpu.so", "bitsandbytes/libbitsandbytes_cuda121.so"}


def test_a_package_without_wheels_is_built(index, installed, tmp_path):
    installed({"antlr4-python3-runtime": []})
    make_wheel(index, "antlr4_python3_runtime-4.9.3-py3-none-any.whl")  # what pip wheel takes in place of a build
    [wheel] = gather(tmp_path / "wheelhouse", ["antlr4-python3-runtime==4.9.*"], PYTHON_312, load_box(), cuda="130")
    assert wheel.name == "antlr4_python3_runtime-4.9.3-py3-none-any.whl"


def test_a_built_wheel_that_runs_here_only_is_refused(index, installed, tmp_path):
    installed({"antlr4-python3-runtime": []})
    make_wheel(index, f"antlr4_python3_runtime-4.9.3-{next(sys_tags())}.whl")
    with pytest.raises(InputError, match="this machine only"):
        gather(tmp_path / "wheelhouse", ["antlr4-python3-runtime"], PYTHON_312, load_box(), cuda="130")


def test_this_interpreter_has_all_that_the_suite_needs():
    assert unmet(project_requirements(), load_box(), PYTHON_312.markers) == ([], [])


def test_a_package_that_the_box_lacks_is_missing_and_one_of_another_version_is_named(installed):
    installed({"msgspec": ["numpy<1"]})
    lacking = box(provided=frozenset({"numpy", "not-installed-anywhere"}))
    missing, outside = unmet(["msgspec", "not-installed-anywhere"], lacking, PYTHON_312.markers)
    assert missing == ["not-installed-anywhere"]
    assert outside == [f"numpy {metadata.version('numpy')}, where <1 is asked for"]


def test_check_names_what_to_gather_too(monkeypatch, capsys):
    monkeypatch.setattr(wheelhouse, "project_requirements", lambda: ["not-installed-anywhere"])
    monkeypatch.setattr(wheelhouse, "load_box", lambda: box(provided=frozenset({"not-installed-anywhere"})))
    assert wheelhouse.main(["check"]) == 2
    assert 'make wheelhouse WITH="not-installed-anywhere"' in capsys.readouterr().err


def test_the_command_says_what_it_left_out_and_why(index, installed, tmp_path, monkeypatch, capsys):
    installed({"arrow": ["python-dateutil"]})
    monkeypatch.setattr(wheelhouse, "project_requirements", lambda: ["arrow"])
    make_wheel(index, "arrow-1.4.0-py3-none-any.whl")
    assert wheelhouse.main(["gather", "--into", str(tmp_path / "wheelhouse"), "--with"]) == 0
    printed = capsys.readouterr().out
    assert "arrow-1.4.0-py3-none-any.whl" in printed
    assert "taken to be on the box: accelerate" in printed
    assert "left out: altair: charts of the report" in printed


def test_a_package_whose_needs_are_unknown_here_is_bad_input():
    with pytest.raises(InputError, match="make setup"):
        closure(["not-installed-anywhere"], box(), Target(python_version="3.12", machine=sys.platform).markers)
