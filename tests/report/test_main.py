import json
import subprocess
import sys

import pytest

from suite.report.__main__ import main
from tests.imported.written import EMISSIONS, GPU_ENERGY, vllm
from tests.synthetic import record, windows, write_run

TEXTS = ("results.csv", "results.json", "results.parquet", "summary.md", "table.tex")


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
    assert {path.name for path in (tmp_path / "reports" / "tiny").iterdir()} == {"index.html", *TEXTS}


def test_out_takes_the_other_files_along(run_folder, tmp_path, capsys):
    assert main([str(run_folder), "--out", str(tmp_path / "here" / "page.html")]) == 0
    assert capsys.readouterr().out.strip().endswith("page.html")
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"page.html", *TEXTS}


def test_results_of_other_tools_are_kept_beside_the_run_and_shown(run_folder, tmp_path, capsys):
    given = tmp_path / "vllm.json"
    given.write_text(json.dumps(vllm(**GPU_ENERGY)))
    page = tmp_path / "out" / "page.html"
    assert main([str(run_folder), "--out", str(page), "--imported", str(given), str(EMISSIONS)]) == 0
    assert sorted(path.name for path in (run_folder / "imported").iterdir()) == ["emissions.csv", "vllm.json"]
    assert capsys.readouterr().err.count("imported: ") == 2
    assert main([str(run_folder), "--out", str(page)]) == 0  # they are part of the run now
    assert "owner/llama" in page.read_text()
    assert sorted(path.name for path in (page.parent / "imported").iterdir()) == ["emissions.csv", "vllm.json"]


def test_a_damaged_file_of_another_tool_is_one_line(run_folder, tmp_path, capsys):
    (tmp_path / "cut.json").write_text('{"completed": 1')
    assert main([str(run_folder), "--out", str(tmp_path / "p.html"), "--imported", str(tmp_path / "cut.json")]) == 2
    assert "cut.json" in error_of(capsys)
    assert not (tmp_path / "p.html").exists()


def test_a_folder_that_does_not_exist(tmp_path, capsys):
    assert main([str(tmp_path / "nothing")]) == 2
    assert "no such run" in error_of(capsys)


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
    assert "did you mean world?" in error_of(capsys)


def test_another_grid_changes_the_carbon(run_folder, tmp_path):
    assert main([str(run_folder), "--grid", "france", "--out", str(tmp_path / "page.html")]) == 0
    assert str(1000 / 3.6e6 * 56.039)[:8] in (tmp_path / "results.csv").read_text("utf-8")


def test_out_must_be_a_file(run_folder, tmp_path, capsys):
    assert main([str(run_folder), "--out", str(tmp_path)]) == 2
    assert "cannot be written there" in error_of(capsys)


@pytest.mark.parametrize("name", [*TEXTS, "figure.svg", "figure.png"])
def test_out_must_not_be_a_file_that_lies_beside_the_page(run_folder, tmp_path, capsys, name):
    assert main([str(run_folder), "--out", str(tmp_path / name)]) == 2
    assert "name an HTML file" in error_of(capsys)
    assert not (tmp_path / name).exists()


def test_several_runs_lie_in_a_folder_of_their_names(run_folder, tmp_path, monkeypatch, capsys):
    other = write_run(tmp_path / "runs" / "other", [record(run_windows=windows([1.0] * 4))])
    monkeypatch.chdir(tmp_path)
    assert main([str(run_folder), str(other)]) == 0
    assert capsys.readouterr().out.strip() == "reports/tiny+other/index.html"


def test_two_runs_of_one_name_are_refused(run_folder, tmp_path, capsys):
    other = write_run(tmp_path / "elsewhere" / "tiny", [record(run_windows=windows([1.0] * 4))])
    assert main([str(run_folder), str(other), "--out", str(tmp_path / "page.html")]) == 2
    assert "two runs are called tiny" in error_of(capsys)


def test_an_unknown_language_is_refused(run_folder, tmp_path, capsys):
    assert main([str(run_folder), "--language", "xx", "--out", str(tmp_path / "page.html")]) == 2
    assert "no such language" in error_of(capsys)
    assert not (tmp_path / "page.html").exists()


def test_help_loads_neither_torch_nor_the_chart_libraries():
    code = (
        "import sys; from suite.report.__main__ import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'altair', 'vl_convert', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith("usage: python -m suite.report")
    assert found.stdout.endswith("[]\n")
