import csv
import json

import msgspec
import pytest

from suite.analysis.results import csv_json
from suite.analysis.results.csv_json import RESULTS, read_json, results_csv, results_json
from suite.analysis.results.reader import read_results
from suite.carbon.place import find
from suite.errors import InputError
from suite.io.paths import CHECKOUT
from suite.record.dotted_keys import flatten
from tests.golden.golden_run import golden_run
from tests.synthetic import environment, record, windows, write_run

GOLDEN = CHECKOUT / "tests" / "golden" / "results.csv"
WORLD = find("world")


def read(folder):
    return read_results(folder, g_co2e_per_kwh=WORLD.g_co2e_per_kwh)


@pytest.fixture
def golden(tmp_path):
    return read(write_run(tmp_path / "golden", golden_run()))


@pytest.fixture
def document(tmp_path, golden):
    """The path of what the golden run's report writes."""
    path = tmp_path / RESULTS
    path.write_bytes(results_json(golden, WORLD))
    return path


def rows(content):
    return list(csv.DictReader(content.splitlines()))


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return None


def test_results_csv_is_the_golden_one(golden):
    found, expected = rows(results_csv(golden.points).decode()), rows(GOLDEN.read_text("utf-8"))
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert list(row) == list(wanted)
        for column, cell in wanted.items():
            if number(cell) is None:
                assert row[column] == cell, column
            else:  # the last digits depend on the version of scipy
                assert float(row[column]) == pytest.approx(float(cell), rel=1e-9, abs=1e-12), column


def test_missing_figures_are_empty_cells_in_csv_and_null_in_json(golden):
    skipped = next(row for row in rows(results_csv(golden.points).decode()) if row["status"] == "skipped")
    assert {skipped[name] for name in ("energy_ratio", "score", "queries", "converged", "break_even_queries")} == {""}
    point = next(point for point in json.loads(results_json(golden, WORLD))["points"] if point["status"] == "skipped")
    assert point["energy_ratio"] is point["score"] is point["converged"] is None


def test_json_and_csv_hold_the_same_numbers(golden):
    table, points = rows(results_csv(golden.points).decode()), json.loads(results_json(golden, WORLD))["points"]
    for row, point in zip(table, points, strict=True):
        for column in ("energy_per_query_j", "energy_ratio_low", "score_delta_high", "break_even_queries"):
            assert number(row[column]) == point[column]


def test_json_names_grid_and_unreadable_files(golden):
    content = json.loads(results_json(golden, WORLD))
    assert content["grid"]["place"] == "world average"
    assert content["grid"]["g_co2e_per_kwh"] == 475.0
    assert content["unreadable"] == []


def test_json_gives_back_each_points_configuration(golden):
    content = json.loads(results_json(golden, WORLD))
    for point, known in zip(content["points"], golden.points, strict=True):
        together = content["common_config"] | point["config"]
        assert together["task.name"] == known.config["task"]["name"]
        assert together["batch_size"] == known.config["batch_size"]


def test_the_newest_ok_attempt_counts_and_the_others_are_counted(tmp_path):
    first, second = record(run_windows=windows([1.0] * 4)), record(run_windows=windows([1.2] * 4), minute=1)
    results = read(write_run(tmp_path / "run", [first, second, record(status="failed", minute=2)]))
    assert [point.energy_ratio for point in results.points] == [pytest.approx(1.2)]
    assert results.superseded == 2


def test_a_torn_record_is_named_and_the_rest_counts(tmp_path):
    folder = write_run(tmp_path / "run", [record(run_windows=windows([1.0] * 4))])
    (folder / "records" / "0123456789ab-1.json").write_text('{"schema_version": 1, ')
    results = read(folder)
    (line,) = json.loads(results_json(results, WORLD))["unreadable"]
    assert line.startswith("0123456789ab-1.json: ")
    assert len(results.points) == 1


def test_results_come_back_from_json(golden, document):
    found = read_json(document)
    for point, known in zip(found.points, golden.points, strict=True):
        assert msgspec.structs.replace(point, config={}) == msgspec.structs.replace(known, config={})
        assert flatten(point.config) == flatten(known.config)
        assert point.config["task"]["name"] == known.config["task"]["name"]
    assert (found.lineages, found.superseded) == (golden.lineages, golden.superseded)


def test_a_file_of_an_older_version_without_newer_fields_is_read(tmp_path):
    content = json.loads((CHECKOUT / "reports" / "embedded-xeon-2cpu" / "results.json").read_bytes())
    content.pop("lineages", None)
    for point in content["points"]:
        for newer in ("windows", "instrument", "margin"):
            point.pop(newer, None)
    (tmp_path / RESULTS).write_text(json.dumps(content))
    found = read_json(tmp_path / RESULTS)
    assert len(found.points) == len(content["points"])
    assert all(point.windows == {} for point in found.points)
    assert [(each.run, each.records, each.analysis) for each in found.lineages] == [("embedded-xeon-2cpu", None, None)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d | {"schema_version": 99},
        lambda d: {key: value for key, value in d.items() if key != "points"},
        lambda d: d | {"environments": []},
        lambda d: d | {"points": [{"run": "x"}]},
        lambda d: d | {"points": [d["points"][0] | {"energy_ratio": "low"}]},
        lambda d: d | {"points": [d["points"][0] | {"environment": "x"}]},
        lambda d: d | {"points": [d["points"][0] | {"verdict": "splendid"}]},
        lambda d: d | {"points": [d["points"][0] | {"config": 3}]},
        lambda d: d | {"common_config": {"a": 1, "a.b": 2}},
        lambda d: [d],
    ],
)
def test_what_is_no_results_json_is_refused(document, spoil):
    document.write_text(json.dumps(spoil(json.loads(document.read_bytes()))))
    with pytest.raises(InputError, match="no results of a report"):
        read_json(document)


def test_a_file_larger_than_any_report_is_not_even_read(document, monkeypatch):
    monkeypatch.setattr(csv_json, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="more than 100 bytes"):
        read_json(document)


def test_an_environment_that_many_points_share_stands_once(tmp_path):
    other = environment("another machine")
    made = [record(batch_size=size, minute=size, where=other if size == 3 else None) for size in range(1, 6)]
    document = json.loads(results_json(read(write_run(tmp_path / "run", made)), WORLD))
    assert len(document["environments"]) == 2
    named = [document["environments"][point["environment"]]["hardware"]["name"] for point in document["points"]]
    assert named == [(other if size == 3 else environment())["hardware"]["name"] for size in range(1, 6)]
