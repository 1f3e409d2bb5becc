import msgspec
import pytest

from suite.report.sections.stacks import context
from tests.report.section_html import html_of, report_of, rows_of, words_of
from tests.synthetic import binary_scores, record, windows

PRUNING, INT8 = ("structured_pruning", {"share": 0.5}), ("int8_dynamic", {})


def ran(stack, ratio, minute, **changes):
    return record(mitigations=stack, run_windows=windows([ratio] * 4), minute=minute, **changes)


def three(stack_ratio=0.4):
    return [ran((PRUNING,), 0.5, 0), ran((INT8,), 0.8, 1), ran((PRUNING, INT8), stack_ratio, 2)]


def test_a_row_says_parts_expected_found_and_finding(tmp_path):
    (row,) = rows_of(html_of("stacks", report_of(tmp_path, *three(0.3))))
    assert row == [
        "structured pruning + int8 dynamic",
        "structured pruning -50.0 % int8 dynamic -20.0 %",
        "-60.0 % [-60.0, -60.0]",
        "-70.0 % [-70.0, -70.0]",
        "-25.0 % [-25.0, -25.0]",
        "saves more than its parts",
    ]


@pytest.mark.parametrize(
    ("ratio", "finding"), [(0.4, "as expected"), (0.3, "saves more than its parts"), (0.5, "saves less than its parts")]
)
def test_findings_are_words(tmp_path, ratio, finding):
    assert rows_of(html_of("stacks", report_of(tmp_path, *three(ratio))))[0][5] == finding


def test_scores_stand_beside_where_they_were_taken(tmp_path):
    scores = [binary_scores(900, 80, 0, 20), binary_scores(900, 20, 0, 80), binary_scores(700, 300, 0, 0)]
    made = [msgspec.structs.replace(one, scores=score) for one, score in zip(three(), scores, strict=True)]
    (row,) = rows_of(html_of("stacks", report_of(tmp_path, *made)))
    assert row[6].startswith("-10.0 pt [")
    assert row[7].startswith("-30.0 pt [")
    assert row[8] == "loses more than its parts"


def test_an_unscored_stack_beside_a_scored_one_says_so(tmp_path):
    scores = [binary_scores(900, 80, 0, 20), binary_scores(900, 20, 0, 80), binary_scores(700, 300, 0, 0)]
    made = [msgspec.structs.replace(one, scores=score) for one, score in zip(three(), scores, strict=True)]
    other = [ran((("bf16", {}),), 0.7, 3), ran((INT8, ("bf16", {})), 0.56, 4)]
    rows = rows_of(html_of("stacks", report_of(tmp_path, *made, *other)))
    assert [row[8] for row in rows] == ["loses more than its parts", "not scored"]


def test_the_chart_has_expected_hollow_above_found(tmp_path):
    chart = context(report_of(tmp_path, *three(0.3)))["views"][0].chart
    datasets = [(layer["mark"], chart.wide["datasets"][layer["data"]["name"]]) for layer in chart.wide["layer"]]
    found = {mark["filled"]: rows for mark, rows in datasets if "filled" in mark}
    assert found[False] == [{"row": 0, "kind": "expected", "ratio": pytest.approx(0.4)}]
    assert found[True] == [{"row": 1, "kind": "found", "ratio": pytest.approx(0.3)}]


def test_a_stack_whose_parts_were_not_measured_is_counted_only(tmp_path):
    made = report_of(tmp_path, ran((PRUNING, INT8), 0.4, 0), ran((INT8,), 0.8, 1))
    words = words_of(html_of("stacks", made))
    assert words == (
        "One stack is not shown: not all of its parts were measured alone, with the same parameters, against the "
        "same baseline."
    )


def test_parts_measured_against_another_baseline_do_not_count(tmp_path):
    made = [*three()[:1], ran((INT8,), 0.8, 1, batch_size=8), *three()[2:]]
    assert rows_of(html_of("stacks", report_of(tmp_path, *made))) == []


def test_method_and_limits_are_said(tmp_path):
    words = words_of(html_of("stacks", report_of(tmp_path, *three())))
    assert "adds the variances of the log ratios (Welch)" in words
    assert "what changes from one process to the next is in none of these intervals" in words


def test_without_a_stack_there_is_no_section(tmp_path):
    assert html_of("stacks", report_of(tmp_path, *three()[:2])) is None
