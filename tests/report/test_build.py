import json

import pytest

from suite.analysis.results.parquet import read_lineages, read_parquet
from suite.errors import InputError
from suite.report import build
from suite.report.build import build_report, read_report
from suite.text import i18n
from tests.synthetic import binary_scores, publish_table, record, windows, write_run

PRUNING = (("structured_pruning", {"ratio": 0.5}),)

ESPERANTO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Energy report: {run}"
msgstr "Energia raporto: {run}"

msgid "baseline (A/A)"
msgstr "bazo (A/A)"
"""


def scored(ratio=0.5, **fields):
    return record(
        mitigations=PRUNING, run_windows=windows([ratio] * 4), scores=binary_scores(900, 3, 2, 95), minute=1, **fields
    )


@pytest.fixture
def run_folder(tmp_path):
    return write_run(tmp_path / "runs" / "a", [record(run_windows=windows([1.0] * 4)), scored()])


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_what_writers_need_lies_beside_the_page(run_folder, tmp_path):
    target = build_report(run_folder, tmp_path / "out" / "index.html")
    assert {path.name for path in target.parent.iterdir()} == {"index.html", *build.BESIDE}


def test_a_figure_goes_when_there_is_nothing_left_to_draw(run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "render", lambda report, language: "<!doctype html>")
    target = tmp_path / "out" / "index.html"
    build_report(run_folder, target)
    assert target.with_name("figure.png").read_bytes().startswith(b"\x89PNG")
    build_report(write_run(tmp_path / "runs" / "b", [record(run_windows=windows([1.0] * 4))]), target)
    assert not target.with_name("figure.png").exists()
    assert not target.with_name("figure.svg").exists()
    assert target.with_name("summary.md").exists()


@pytest.mark.slow
def test_a_build_that_fails_leaves_the_report_before_as_it_was(run_folder, tmp_path, monkeypatch):
    target = build_report(run_folder, tmp_path / "out" / "index.html")
    before = content(target.parent)

    def fail(*_):
        raise RuntimeError("no page")

    monkeypatch.setattr(build, "render", fail)
    write_run(run_folder, [record(batch_size=8, run_windows=windows([1.0] * 4), minute=2)])
    with pytest.raises(RuntimeError):
        build_report(run_folder, target)
    assert content(target.parent) == before


@pytest.mark.usefixtures("without_drawing")
def test_a_disk_that_fills_up_leaves_the_report_before_as_it_was(run_folder, tmp_path, monkeypatch):
    target = build_report(run_folder, tmp_path / "out" / "index.html")
    before, calls, real = content(target.parent), [], build.synced_temporary

    def full(folder, what):
        calls.append(folder)
        if len(calls) > 3:
            raise OSError(28, "No space left on device")
        return real(folder, what)

    monkeypatch.setattr(build, "synced_temporary", full)
    write_run(run_folder, [record(batch_size=8, run_windows=windows([1.0] * 4), minute=2)])
    with pytest.raises(InputError, match="No space left"):
        build_report(run_folder, target)
    assert content(target.parent) == before  # no temporary file is left either


@pytest.mark.usefixtures("without_drawing")
def test_a_folder_in_the_place_of_a_file_is_refused_before_anything_is_replaced(run_folder, tmp_path):
    target = tmp_path / "out" / "index.html"
    target.with_name("table.tex").mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder"):
        build_report(run_folder, target)
    assert [path.name for path in target.parent.iterdir()] == ["table.tex"]


@pytest.mark.usefixtures("without_drawing")
def test_a_published_report_without_records_is_read_from_its_table(run_folder, tmp_path):
    published = build_report(run_folder, tmp_path / "published" / "index.html", grid="world").parent
    again = read_report(published, grid="world")
    assert [point.energy_ratio for point in again.points] == [pytest.approx(1.0), pytest.approx(0.5)]
    assert again.runs == ("a",)


@pytest.mark.usefixtures("without_drawing")
def test_a_table_counts_with_the_grid_that_is_asked_for(run_folder, tmp_path):
    published = build_report(run_folder, tmp_path / "published" / "index.html", grid="world").parent
    here, there = (read_report(folder, grid="france") for folder in (run_folder, published))
    assert [p.co2e_g_per_1000 for p in there.points] == pytest.approx([p.co2e_g_per_1000 for p in here.points])


@pytest.mark.usefixtures("without_drawing")
def test_records_win_over_a_table_beside_them(run_folder):
    build_report(run_folder, run_folder / "index.html")
    write_run(run_folder, [record(batch_size=8, run_windows=windows([1.0] * 4), minute=2)])
    assert len(read_report(run_folder).points) == 3


def test_a_table_that_another_analysis_derived_from_these_records_is_derived_anew(run_folder, tmp_path):
    known = read_report(run_folder)
    publish_table(run_folder, run_folder, analysis="another")
    assert read_report(run_folder).results == known.results


@pytest.mark.usefixtures("without_drawing")
def test_a_report_from_a_table_of_another_analysis_says_so_and_does_not_pass_it_off_as_its_own(run_folder, tmp_path):
    published, said = publish_table(run_folder, tmp_path / "published", analysis="another"), []
    target = build_report(published, tmp_path / "again" / "index.html", warn=said.append)
    assert ["version of the analysis" in line for line in said] == [True]
    assert [each.analysis for each in read_lineages(target.with_name("results.parquet"))] == ["another"]
    assert [each["analysis"] for each in json.loads(target.with_name("results.json").read_bytes())["lineages"]] == [
        "another"
    ]


@pytest.mark.slow
def test_a_report_is_the_same_from_the_table_as_from_the_records(run_folder):
    first = content(build_report(run_folder, run_folder / "report" / "index.html").parent)
    (run_folder / "results.parquet").write_bytes(first["results.parquet"])
    assert content(build_report(run_folder, run_folder / "report" / "index.html").parent) == first


@pytest.mark.usefixtures("without_drawing")
def test_a_published_page_of_several_runs_gives_all_of_them_back(run_folder, tmp_path):
    other = write_run(tmp_path / "runs" / "b", [scored(0.6)])
    published = build_report([run_folder, other], tmp_path / "a+b" / "index.html").parent
    assert read_report(published).runs == ("a", "b")
    with pytest.raises(InputError, match="two runs are called b"):
        read_report([published, other])


@pytest.mark.usefixtures("without_drawing")
def test_the_files_of_several_runs_hold_all_points_and_tell_them_apart(run_folder, tmp_path):
    other = write_run(tmp_path / "runs" / "b", [scored(0.6)])
    target = build_report([run_folder, other], tmp_path / "a+b" / "index.html")
    document = json.loads(target.with_name("results.json").read_bytes())
    assert (document["run"], document["runs"]) == ("a, b", ["a", "b"])
    assert [point["run"] for point in document["points"]] == ["a", "a", "b"]
    assert [point.run for point in read_parquet(target.with_name("results.parquet")).points] == ["a", "a", "b"]
    rows = target.with_name("results.csv").read_text("utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == ["run", "a", "a", "b"]


@pytest.mark.usefixtures("without_drawing")
def test_unreadable_records_of_several_runs_name_the_run(run_folder, tmp_path):
    other = write_run(tmp_path / "runs" / "b", [scored(0.6)])
    (other / "records" / "0123456789ab-1.json").write_text("{")
    warnings = []
    build_report([run_folder, other], tmp_path / "page.html", warn=warnings.append)
    assert warnings[0].startswith("warning: record left out: b: 0123456789ab-1.json: ")


@pytest.mark.slow
def test_page_and_texts_are_in_the_language_asked_for(run_folder, tmp_path, monkeypatch):
    (tmp_path / "eo.po").write_text(ESPERANTO, "utf-8")
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    target = build_report(run_folder, tmp_path / "out" / "index.html", language="eo")
    assert '<html lang="eo"' in target.read_text("utf-8")
    summary, table = (target.with_name(name).read_text("utf-8") for name in ("summary.md", "table.tex"))
    assert summary.startswith("## Energia raporto: a\n")
    assert "bazo (A/A) | 0,0" in summary
    assert "bazo (A/A) & 0,0" in table
    assert i18n.language() == "en"
