import csv
import json
from pathlib import Path

import pytest

from suite.report.build import read_report
from suite.report.results import results_csv, results_json
from tests.golden.golden_run import golden_run
from tests.synthetic import record, windows, write_run

GOLDEN = Path(__file__).parents[1] / "golden" / "results.csv"


@pytest.fixture
def golden(tmp_path):
    return read_report(write_run(tmp_path / "golden", golden_run()))


def rows(content):
    return list(csv.DictReader(content.splitlines()))


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


def test_results_csv_is_the_golden_one(golden):
    found, expected = rows(results_csv(golden).decode()), rows(GOLDEN.read_text("utf-8"))
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert list(row) == list(wanted)
        for column, cell in wanted.items():
            if number(cell) is None:
                assert row[column] == cell, column
            else:  # the last digits depend on the version of scipy
                assert float(row[column]) == pytest.approx(float(cell), rel=1e-9, abs=1e-12), column


def test_missing_figures_are_empty_cells_in_csv_and_null_in_json(golden):
    skipped = next(row for row in rows(results_csv(golden).decode()) if row["status"] == "skipped")
    assert {skipped[name] for name in ("energy_ratio", "score", "queries", "converged", "break_even_queries")} == {""}
    point = next(point for point in json.loads(results_json(golden))["points"] if point["status"] == "skipped")
    assert point["energy_ratio"] is point["score"] is point["converged"] is None


def test_json_and_csv_hold_the_same_numbers(golden):
    table, points = rows(results_csv(golden).decode()), json.loads(results_json(golden))["points"]
    for row, point in zip(table, points, strict=True):
        for column in ("energy_per_query_j", "energy_ratio_low", "score_delta_high", "break_even_queries"):
            assert number(row[column]) == point[column]


def test_json_names_grid_and_unreadable_files(golden):
    content = json.loads(results_json(golden))
    assert content["grid"]["place"] == "world average"
    assert content["grid"]["g_co2e_per_kwh"] == 475.0
    assert content["unreadable"] == []


def test_json_gives_back_each_points_configuration(golden):
    content = json.loads(results_json(golden))
    for point, known in zip(content["points"], golden.points, strict=True):
        together = content["common_config"] | point["config"]
        assert together["task.name"] == known.config["task"]["name"]
        assert together["batch_size"] == known.config["batch_size"]


def test_the_newest_ok_attempt_counts_and_the_others_are_counted(tmp_path):
    first, second = record(run_windows=windows([1.0] * 4)), record(run_windows=windows([1.2] * 4), minute=1)
    report = read_report(write_run(tmp_path / "run", [first, second, record(status="failed", minute=2)]))
    assert [point.energy_ratio for point in report.points] == [pytest.approx(1.2)]
    assert report.superseded == 2


def test_a_torn_record_is_named_and_the_rest_counts(embedded):
    assert len(embedded.unreadable) == 1
    assert embedded.unreadable[0].startswith("0123456789ab-1.json: ")
    assert len(embedded.points) == 67
