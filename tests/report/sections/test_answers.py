from tests.report.section_html import html_of, report_of, rows_of
from tests.synthetic import binary_scores, record, windows

SAVING = {"mitigations": (("bf16", {}),), "run_windows": windows([0.5] * 4, baseline_j=2.0)}


def test_a_saving_that_answers_fewer_right_shows_what_a_right_answer_takes(tmp_path):
    point = record(scores=binary_scores(right=50, lost=30, won=0, wrong=20), **SAVING)
    (row,) = rows_of(html_of("answers", report_of(tmp_path, point)))
    assert row[0] == "bf16"
    assert row[3:] == ["0.800 → 0.500", "2.00 J → 1.00 J", "2.50 J → 2.00 J"]


def test_without_right_and_wrong_answers_there_is_no_section(tmp_path):
    assert html_of("answers", report_of(tmp_path, record(**SAVING))) is None
