import msgspec
import pytest

from suite.analysis.point.spent_energy import spent_energy_j
from suite.record.schema import ApplyCost, Reason
from tests.report.section_html import html_of, report_of, rows_of
from tests.synthetic import ESTIMATED, binary_scores, record, windows


def trial(minute, ratio=None, search="tune", cost_j=100.0, **changes):
    """A trial of 4 blocks: 4 windows of 100 queries each, the baseline at 1 J a query."""
    cost = ApplyCost(duration_s=2.0, energy_j={"cpu": cost_j}, method={"cpu": ESTIMATED})
    made = record(
        mitigations=(("structured_pruning", {"share": minute / 10}),),
        run_windows=windows([ratio] * 4) if ratio else (),
        scores=binary_scores(900, 0, 0, 100),
        apply_cost=cost,
        minute=minute,
        **changes,
    )
    return msgspec.structs.replace(made, config=made.config | ({"search": search} if search else {}))


def stopped(minute):
    return trial(minute, status="skipped", reason=Reason(kind="accuracy_gate", message="worse"))


def test_what_was_spent_is_windows_and_applying_by_kind_worked_by_hand():
    # 4 blocks x 2 windows x 100 queries at 1 J and at 0.5 J, and 100 J of applying
    assert spent_energy_j(trial(1, 0.5)) == {"cpu estimated": pytest.approx(800 + 400 + 100)}
    assert spent_energy_j(stopped(1)) == {"cpu estimated": 100.0}


def test_a_search_is_one_row_with_its_cost_and_the_queries_that_repay_it(tmp_path):
    (row,) = rows_of(html_of("search", report_of(tmp_path, trial(1, 0.8), trial(2, 0.5), stopped(3))))
    # (1440 + 100) + (1200 + 100) + 100 = 2940 J; half a joule saved a query
    assert row[0] == "tune"
    assert row[1:3] == ["3", "1"]
    assert row[3].startswith("structured pruning")
    assert row[4] == "-50.0 %"
    assert row[5] == "2,940 J (estimated)"
    assert row[6] == "5,880 queries"


def test_a_search_of_which_no_point_saves_has_no_break_even(tmp_path):
    (row,) = rows_of(html_of("search", report_of(tmp_path, trial(1, 1.2))))
    assert row[3:] == ["none saves without loss", "-", "-", "-"]


def test_points_that_were_named_beforehand_are_no_search(tmp_path):
    assert html_of("search", report_of(tmp_path, trial(1, 0.8, search=None))) is None
