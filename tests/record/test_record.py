import json

import msgspec
import pytest

from suite.record.schema import MitigationUse, Point, Record, Window
from suite.record.store import RecordError, TornRecord, load, load_run, newest_by_point, save
from suite.stats.paired import headline_component
from tests.synthetic import windows


def point(**changes):
    values = {
        "task": "t", "model": "m", "mitigations": [], "phase": "inference", "workload": "offline", "batch_size": 8,
        "device": "cpu", "dtype": "float32",
    }  # fmt: skip
    return Point(**(values | changes))


def record(status="ok", started_at="2026-01-01T00:00:00+00:00", **changes):
    where = changes.pop("point", point())
    values = {
        "schema_version": 1, "record_id": "r", "point_id": where.point_id, "config_hash": "c", "status": status,
        "reason": None, "started_at": started_at, "finished_at": started_at, "config": {}, "point": where,
        "environment": {},
    }  # fmt: skip
    return Record(**(values | changes))


def window(arm, block, energy_j, queries=10, component="cpu"):
    return Window(
        arm=arm, block=block, queries=queries, tokens=None, duration_s=1.0, energy_j={component: energy_j},
        method={component: "measured:rapl"},
    )  # fmt: skip


def test_the_point_id_does_not_depend_on_the_order_of_parameters():
    one = point(mitigations=[MitigationUse(name="a", params={"x": 1, "y": 2})])
    other = point(mitigations=[MitigationUse(name="a", params={"y": 2, "x": 1})])
    assert one.point_id == other.point_id


def test_the_point_id_depends_on_the_order_of_the_stack():
    a, b = MitigationUse(name="a"), MitigationUse(name="b")
    assert point(mitigations=[a, b]).point_id != point(mitigations=[b, a]).point_id


def test_the_label_of_no_technique_is_none():
    assert point().label == "none"
    assert point(mitigations=[MitigationUse(name="a"), MitigationUse(name="b")]).label == "a+b"


def test_a_saved_record_loads_as_it_was(tmp_path):
    path = save(record(), tmp_path)
    assert path.name == f"{point().point_id}-1.json"
    assert load(path) == record()


@pytest.mark.parametrize(
    ("gated", "edges"), [("true", "tick_aligned"), ("false", "unaligned"), ("null", None)], ids=str
)
def test_how_windows_of_older_records_end_is_read(tmp_path, gated, edges):
    path = save(record(windows=[window("baseline", 0, 1.0)]), tmp_path)
    text = path.read_text()
    assert '"edges": null' in text
    assert '"gated"' not in text
    path.write_text(text.replace('"edges": null', f'"gated": {gated}'))
    (read,) = load(path).windows
    assert read.edges == edges


def test_how_a_window_ends_is_kept_with_what_it_was_read_as(tmp_path):
    made = msgspec.structs.replace(
        window("baseline", 0, 1.0, component="gpu"),
        edges="interpolated",
        codecarbon_energy_j={"gpu": 1.1},
        energy_uncertainty_j={"gpu": 0.01},
    )
    assert load(save(record(windows=[made]), tmp_path)).windows == [made]


@pytest.mark.parametrize("field", ["codecarbon_energy_j", "energy_uncertainty_j"])
def test_a_negative_energy_is_no_record(tmp_path, field):
    made = msgspec.structs.replace(window("baseline", 0, 1.0), **{field: {"gpu": -1.0}})
    with pytest.raises(TornRecord, match=r"windows\[0\]"):
        load(save(record(windows=[made]), tmp_path))


def test_a_second_attempt_never_overwrites_the_first(tmp_path):
    first = save(record(status="failed"), tmp_path)
    second = save(record(), tmp_path)
    assert (first.name[-7:], second.name[-7:]) == ("-1.json", "-2.json")
    assert load(first).status == "failed"


def test_saving_leaves_no_temporary_file(tmp_path):
    save(record(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("cut", [0, 1, 50, 300])
def test_a_torn_record_is_named(tmp_path, cut):
    path = save(record(), tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RecordError, match=path.name):
        load(path)


def test_a_record_of_another_schema_is_refused(tmp_path):
    path = save(record(), tmp_path)
    content = json.loads(path.read_text()) | {"schema_version": 99}
    path.write_text(json.dumps(content))
    with pytest.raises(RecordError, match="schema_version 99"):
        load(path)


def test_a_record_whose_point_was_changed_is_refused(tmp_path):
    path = save(record(), tmp_path)
    content = json.loads(path.read_text())
    content["point"]["batch_size"] = 64
    path.write_text(json.dumps(content))
    with pytest.raises(RecordError, match="does not match its point"):
        load(path)


def test_a_record_whose_margin_is_no_number_is_refused(tmp_path):
    path = save(record(config={"task": {"margin": "oops"}}), tmp_path)
    with pytest.raises(RecordError, match="margin"):
        load(path)


def test_loading_a_run_names_unreadable_files_and_keeps_the_rest(tmp_path):
    save(record(), tmp_path / "records")
    (tmp_path / "records" / "broken-1.json").write_text("{")
    records, unreadable = load_run(tmp_path)
    assert len(records) == 1
    assert len(unreadable) == 1
    assert unreadable[0].startswith("broken-1.json")


def test_the_newest_ok_attempt_is_chosen_over_a_newer_failure(tmp_path):
    folder = tmp_path / "records"
    save(record(record_id="first", started_at="2026-01-01T00:00:00+00:00"), folder)
    save(record(record_id="second", started_at="2026-01-02T00:00:00+00:00"), folder)
    save(record(record_id="third", status="failed", started_at="2026-01-03T00:00:00+00:00"), folder)
    assert [each.record_id for each in newest_by_point(load_run(tmp_path)[0])] == ["second"]


def test_without_an_ok_attempt_the_newest_is_chosen(tmp_path):
    folder = tmp_path / "records"
    save(record(record_id="first", status="failed"), folder)
    save(record(record_id="second", status="failed"), folder)
    assert [each.record_id for each in newest_by_point(load_run(tmp_path)[0])] == ["second"]


def test_the_gpu_is_the_headline_only_where_every_window_read_it():
    gpu = window("baseline", 0, 5.0, component="gpu")
    assert headline_component([gpu, gpu]) == "gpu"
    assert headline_component([gpu, window("baseline", 0, 5.0)]) is None
    assert headline_component([]) is None


@pytest.mark.parametrize("name", ["hardware", "packages", "meter"])
def test_an_environment_of_another_shape_is_refused(tmp_path, name):
    path = save(record(), tmp_path)
    content = json.loads(path.read_text())
    content["environment"][name] = 7
    path.write_text(json.dumps(content))
    with pytest.raises(TornRecord, match=f"environment.{name} is no object but 7"):
        load(path)


@pytest.mark.parametrize("field", ["windows", "prefill_windows"])
def test_figures_that_no_window_can_have_are_refused(tmp_path, field):
    path = save(record(**{field: windows([0.8], component="gpu")}), tmp_path)
    content = json.loads(path.read_text())
    content[field][1]["energy_j"]["gpu"] = 1e308
    path.write_text(json.dumps(content))
    with pytest.raises(TornRecord, match=r"windows\[\d+\] is invalid: a figure above 1e\+12"):
        load(path)


@pytest.mark.parametrize(
    ("params", "steps"),
    [
        ({"recovery": {"steps": 100, "learning_rate": 1e-4}}, 100),
        ({"recovery": {"steps": 0, "learning_rate": 1e-4}}, None),
        ({"threshold": 6.0}, None),
        ({"training": {"steps": 3, "learning_rate": 1e-4}, "temperature": 1.0}, 3),
    ],
)
def test_a_technique_trains_where_its_parameters_hold_a_recipe_of_a_step(params, steps):
    found = MitigationUse(name="some", params=params).recipe
    assert (found or {}).get("steps") == steps


def test_a_model_that_is_spread_is_another_point():
    assert point(device_map="auto").point_id != point().point_id
    assert point(device_map="auto").point_id != point(device_map="sequential").point_id
