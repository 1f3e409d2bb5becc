import json
import shutil
from pathlib import Path

import pytest

from suite.compare import main
from tests.synthetic import environment, publish_table, record, windows, write_run


@pytest.fixture
def runs(tmp_path):
    def write(name, baseline_j, mitigation="int8_dynamic"):
        made = record(
            mitigations=[(mitigation, {})],
            run_windows=windows((0.8, 0.81, 0.79, 0.8), baseline_j=baseline_j),
            where=environment("one CPU"),
        )
        return str(write_run(tmp_path / name, [made]))

    return write


def test_the_same_figures_end_with_0(runs, capsys):
    assert main([runs("a", 1.0), runs("b", 1.01)]) == 0
    assert "1 point in both runs; 0 regressed" in capsys.readouterr().out


def test_a_regression_ends_with_1_and_is_named(runs, capsys):
    assert main([runs("a", 1.0), runs("b", 1.2)]) == 1
    shown = capsys.readouterr().out
    assert "REGRESSION: energy" in shown
    assert "+20.0" in shown


def test_a_tolerance_can_be_given(runs):
    assert main([runs("a", 1.0), runs("b", 1.2), "--energy-tolerance", "0.3"]) == 0


def test_json_is_one_object(runs, capsys):
    main([runs("a", 1.0), runs("b", 1.2), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["regressions"] == 1
    assert found["points"][0]["regressions"] == ["energy"]


def test_a_published_report_is_compared_from_its_table_alone(runs, tmp_path, capsys):
    """Its figures, and every field of the JSON, are those that the records give."""
    folders = [runs("a", 1.0), runs("b", 1.2)]
    main([*folders, "--json"])
    from_records = json.loads(capsys.readouterr().out)
    for folder in map(Path, folders):
        publish_table(folder, folder)
        shutil.rmtree(folder / "records")
    assert main([*folders, "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == from_records


def test_what_cannot_be_read_is_named(runs, capsys):
    folder = Path(runs("a", 1.0))
    (folder / "records" / "0123456789ab-1.json").write_text("{")
    assert main([str(folder), runs("b", 1.0)]) == 0
    assert capsys.readouterr().err.startswith("warning: left out: 0123456789ab-1.json")


def test_a_table_of_another_analysis_is_named(runs, tmp_path, capsys):
    published = publish_table(Path(runs("a", 1.0)), tmp_path / "published", analysis="another")
    assert main([str(published), runs("b", 1.0)]) == 0
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {published / 'results.parquet'} was derived by another version of the analysis")


def test_a_table_that_was_derived_from_other_records_is_not_compared(runs, capsys):
    """Its figures are those of the records beside it, whatever the times of the files."""
    before, after = Path(runs("a", 1.0)), Path(runs("b", 1.0))
    publish_table(Path(runs("worse", 1.2)), after)
    assert main([str(before), str(after)]) == 0


@pytest.mark.parametrize("arguments", [["--energy-tolerance", "-1"], ["--ratio-tolerance", "nan"]])
def test_a_tolerance_that_cannot_be_is_refused(runs, capsys, arguments):
    assert main([runs("a", 1.0), runs("b", 1.0), *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_runs_without_a_common_point_are_refused(runs, capsys):
    assert main([runs("a", 1.0), runs("b", 1.0, mitigation="bf16")]) == 2
    assert "no point in common" in capsys.readouterr().err


def test_a_run_that_is_not_there_is_refused(runs, capsys):
    assert main([runs("a", 1.0), "runs/nowhere"]) == 2
    assert "no such run" in capsys.readouterr().err


def test_two_devices_side_by_side(tmp_path, capsys):
    """A CPU's counter against a GPU's: joules with an interval, no regression, and said so in every form."""
    for name, joules, fields in (("gpu", 1.0, {"device": "cuda", "dtype": "bfloat16"}), ("cpu", 5.0, {})):
        seen = windows((0.8, 0.81, 0.79, 0.8), baseline_j=joules, component=name, method="measured:counter")
        write_run(tmp_path / name, [record(mitigations=[("int8_dynamic", {})], run_windows=seen, **fields)])
    folders = [str(tmp_path / "gpu"), str(tmp_path / "cpu")]
    assert main(folders) == 2
    assert "--across" in capsys.readouterr().err
    page = tmp_path / "page.html"
    assert main([*folders, "--across", "device,dtype", "--html", str(page)]) == 0
    shown = capsys.readouterr().out
    assert "Compared across device, dtype" in shown
    assert "+400" in shown
    assert "Compared across device, dtype" in page.read_text("utf-8")
