import csv
import io
import subprocess
import sys
import zipfile

import pytest

from suite.errors import InputError
from tests.tools.wheels import make_wheel, sha256
from tools.trim_wheel import trim

FILES = {"lib/__init__.py": "", "lib/lib_cpu.so": "cpu", "lib/lib_cuda121.so": "a" * 90, "lib/lib_cuda130.so": "b" * 30}
RULE = {"drop": ["lib/lib_*.so"], "keep": ["lib/lib_cpu.so", "lib/lib_cuda130.so"]}


@pytest.fixture
def wheel(tmp_path):
    return make_wheel(tmp_path, "lib-1.0-py3-none-any.whl", FILES)


def test_what_matches_drop_and_not_keep_is_gone_and_the_name_stays(wheel):
    trim(wheel, **RULE)
    with zipfile.ZipFile(wheel) as archive:
        left = {name for name in archive.namelist() if "dist-info" not in name}
    assert left == FILES.keys() - {"lib/lib_cuda121.so"}
    assert [path.name for path in wheel.parent.iterdir()] == ["lib-1.0-py3-none-any.whl"]


def test_record_lists_the_files_that_are_left_with_their_hash_and_size(wheel):
    trim(wheel, **RULE)
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    record = "lib-1.0.dist-info/RECORD"
    rows = list(csv.reader(io.StringIO(contents[record].decode())))
    expected = [[name, f"sha256={sha256(text)}", str(len(text))] for name, text in contents.items() if name != record]
    assert sorted(rows) == sorted([*expected, [record, "", ""]])


def test_pip_installs_what_is_left(wheel, tmp_path):
    trim(wheel, **RULE)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        tmp_path / "site",
    ]
    subprocess.run([*command, wheel], check=True, capture_output=True)
    assert sorted(path.name for path in (tmp_path / "site/lib").glob("*.so")) == ["lib_cpu.so", "lib_cuda130.so"]


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ({**RULE, "keep": ["lib/lib_cuda999.so"]}, "lib/lib_cuda999.so"),
        ({"drop": ["other/*.so"], "keep": []}, "other/*.so"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused_with_the_choices_and_nothing_is_changed(wheel, rule, pattern):
    before = wheel.read_bytes()
    with pytest.raises(InputError) as refused:
        trim(wheel, **rule)
    assert refused.value.got == pattern
    assert wheel.read_bytes() == before


def test_a_cuda_library_that_the_wheel_lacks_is_answered_with_those_it_has(wheel):
    with pytest.raises(InputError, match=r"lib_cpu\.so, lib/lib_cuda121\.so, lib/lib_cuda130\.so"):
        trim(wheel, drop=RULE["drop"], keep=["lib/lib_cuda999.so"])
