import pytest

from suite.record.schema import Reason
from suite.report.prose.still_open import still_open
from tests.report.section_html import html_of, report_of, words_of
from tests.synthetic import record, windows

OUT = {"status": "skipped", "reason": Reason(kind="budget", message="no time was left for it in budget=2m")}


def points(left_out):
    """Two measured points of 40 s each, one of them still wide."""
    done = [
        record(run_windows=windows([0.8] * 4)),
        record(mitigations=(("bf16", {}),), run_windows=windows([0.5, 0.9]), converged=False, minute=1),
    ]
    return done + [record(mitigations=((f"nf{number}", {}),), minute=2 + number, **OUT) for number in range(left_out)]


def test_what_a_budget_left_out_takes_as_long_as_what_was_measured(tmp_path):
    found = still_open(report_of(tmp_path, *points(3)).points)
    assert (found.left_out, found.wide, found.more_s) == (3, 1, pytest.approx(120.0))


def test_a_run_without_a_budget_has_nothing_open(tmp_path):
    assert still_open(report_of(tmp_path, *points(0)).points) is None


def test_the_first_screen_says_so(tmp_path):
    words = words_of(html_of("overview", report_of(tmp_path, *points(3))))
    assert (
        "3 points were left out for want of time; at the pace of this run they take about 2.00 min more. "
        "1 measured point has an interval that is still wide. The same command goes on."
    ) in words


def test_where_nothing_was_measured_nobody_knows_how_long_it_takes(tmp_path):
    words = words_of(html_of("overview", report_of(tmp_path, *points(2)[2:])))
    assert "2 points were left out for want of time. The same command goes on." in words
