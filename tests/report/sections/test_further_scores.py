import msgspec

from suite.record.schema import Scores
from tests.report.section_html import html_of, report_of, rows_of
from tests.synthetic import COUNTER, record, windows


def answered(further, mitigations=(("float8", {}),), **changes):
    seen = windows([0.8] * 4, component="gpu", method=COUNTER)
    made = record(task="text_generation", mitigations=mitigations, run_windows=seen, **changes)
    return msgspec.structs.replace(made, further_scores=further)


def test_each_score_has_a_row_with_its_paired_difference(tmp_path):
    loss = Scores(metric="log_perplexity", higher_is_better=False, baseline=[2.0, 3.0], candidate=[2.5, 3.5])
    choice = Scores(
        metric="own.acc", higher_is_better=True, baseline=[1.0, 0.0, 1.0, 1.0], candidate=[1.0, 0.0, 1.0, 0.0]
    )
    first, second = rows_of(html_of("further_scores", report_of(tmp_path, answered([loss, choice]))))
    assert first[:4] == ["float8", "log_perplexity", "2.500", "3.000"]
    assert first[4].startswith("-0.5000 [")  # more nats are worse
    assert first[5] == "2 of 2"
    assert second[:4] == ["float8", "own.acc", "0.7500", "0.5000"]
    assert second[4].startswith("-0.2500 [")
    assert second[5] == "1 of 4"


def test_scores_that_cannot_be_compared_have_no_row(tmp_path):
    torn = Scores(metric="own.acc", higher_is_better=True, baseline=[1.0, 0.0], candidate=[1.0])
    assert html_of("further_scores", report_of(tmp_path, answered([torn]))) is None


def test_a_baseline_alone_has_no_table(tmp_path):
    same = Scores(metric="own.acc", higher_is_better=True, baseline=[1.0, 0.0], candidate=[1.0, 0.0])
    assert html_of("further_scores", report_of(tmp_path, answered([same], mitigations=()))) is None
