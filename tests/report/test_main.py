import subprocess
import sys

import pytest

from suite.report.__main__ import main
from tests.synthetic import record, windows, write_run


@pytest.fixture
def run_folder(tmp_path):
    return write_run(tmp_path / "runs" / "tiny", [record(run_windows=windows([1.0] * 4))])


def error_of(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    return captured.err


def test_report_lies_in_reports_by_default(run_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([str(run_folder)]) == 0
    assert capsys.readouterr().out.strip() == "reports/tiny/index.html"
    assert {path.name for path in (tmp_path / "reports" / "tiny").iterdir()} == {
        "index.html",
        "results.csv",
        "results.json",
        "results.parquet",
    }


def test_out_takes_the_other_files_along(run_folder, tmp_path, capsys):
    assert main([str(run_folder), "--out", str(tmp_path / "here" / "page.html")]) == 0
    assert capsys.readouterr().out.strip().endswith("page.html")
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        "page.html",
        "results.csv",
        "results.json",
        "results.parquet",
    }


def test_a_folder_that_does_not_exist(tmp_path, capsys):
    assert main([str(tmp_path / "nothing")]) == 2
    assert "no such run folder" in error_of(capsys)


def test_a_folder_without_records(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "no readable record" in error_of(capsys)


def test_a_folder_of_torn_records_names_one(tmp_path, capsys):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "abc-1.json").write_text("{")
    assert main([str(tmp_path)]) == 2
    assert "abc-1.json" in error_of(capsys)


def test_an_unknown_grid_gets_the_nearest_name(run_folder, capsys):
    assert main([str(run_folder), "--grid", "wrold"]) == 2
    assert "'world'" in error_of(capsys)


def test_another_grid_changes_the_carbon(run_folder, tmp_path):
    assert main([str(run_folder), "--grid", "france", "--out", str(tmp_path / "page.html")]) == 0
    assert str(1000 / 3.6e6 * 56.039)[:8] in (tmp_path / "results.csv").read_text("utf-8")


def test_out_must_be_a_file(run_folder, tmp_path, capsys):
    assert main([str(run_folder), "--out", str(tmp_path)]) == 2
    assert "cannot be written there" in error_of(capsys)


def test_help_loads_neither_torch_nor_the_chart_libraries():
    code = (
        "import sys; from suite.report.__main__ import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'altair', 'vl_convert', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("usage: python -m suite.report")
    assert found.stdout.endswith("[]\n")
