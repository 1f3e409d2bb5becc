import json

from suite.imported.files import keep
from suite.report.build import read_report
from suite.report.page import render
from tests.imported import written
from tests.report.section_html import html_of, report_of, rows_of, words_of
from tests.synthetic import record, windows


def imported(tmp_path, **files):
    report_of(tmp_path, record(run_windows=windows([1.0] * 4)))
    for name, content in files.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content))
        keep(tmp_path / "run", [path])
    return read_report(tmp_path / "run")


def test_without_files_there_is_no_section(tmp_path):
    assert html_of("imported", imported(tmp_path)) is None


def test_every_row_says_tool_energy_basis_and_file(tmp_path):
    report = imported(tmp_path, a=written.vllm(**written.GPU_ENERGY), b=written.optimum_report())
    vllm, optimum = rows_of(html_of("imported", report))
    assert vllm[0] == "vLLM"
    assert vllm[4:8] == ["60.0 J", "938 mJ", "1.67 Wh", "GPU measured"]
    assert optimum[4:8] == ["1.00 J", "-", "-", "CPU + GPU + RAM measured or estimated: the file does not say"]
    assert optimum[-1].startswith("b.json")


def test_the_page_says_why_there_is_no_interval(tmp_path):
    words = words_of(html_of("imported", imported(tmp_path, a=written.ml_energy())))
    assert "no interval and no verdict" in words
    assert "None of these files holds energy" not in words


def test_files_without_energy_are_said_to_be(tmp_path):
    assert "None of these files holds energy." in words_of(html_of("imported", imported(tmp_path, a=written.vllm())))


def test_text_of_a_file_cannot_become_html(tmp_path):
    report = imported(tmp_path, a=written.vllm(model_id="<script>alert(1)</script>"))
    assert "<script>alert" not in html_of("imported", report)


def test_the_page_has_the_section(tmp_path):
    page = render(imported(tmp_path, a=written.aiperf()))
    assert 'id="imported"' in page
    assert "Imported, unpaired" in page


def test_very_many_rows_are_cut_and_said_to_be(tmp_path):
    report_of(tmp_path, record(run_windows=windows([1.0] * 4)))
    line = json.dumps(written.vllm())
    (tmp_path / "many.json").write_text("\n".join([line] * 203))
    keep(tmp_path / "run", [tmp_path / "many.json"])
    html = html_of("imported", read_report(tmp_path / "run"))
    assert len(rows_of(html)) == 200
    assert words_of(html).endswith("3 further rows are in the files.")
