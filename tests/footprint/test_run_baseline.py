import msgspec
import pytest

from suite.analysis.run.task_order import task_orders
from suite.analysis.summary import summarise
from suite.footprint.run_baseline import baseline_energy, default_baselines, run_query
from tests.footprint.points import cpu_point
from tests.synthetic import record, windows

TASKS = ("text_classification", "image_classification", "text_generation")


def test_joules_of_a_run_become_watt_hours():
    figure = baseline_energy([cpu_point()])
    assert figure.value == pytest.approx(0.001)  # 3.6 J
    assert (figure.tag, figure.year) == ("estimated", 2026)


def test_a_query_is_told_by_its_definition_model_size_batch_and_machine():
    point = msgspec.structs.replace(cpu_point(), config={"task": {"query": "one image, drawn in 20 steps"}})
    words = run_query(point).words
    assert words == (
        "one image, drawn in 20 steps; by vit_digits of 1,200,000 parameters, batch 32, on Example CPU, 2 logical CPUs"
    )
    assert baseline_energy([point]).source.startswith(words)


def test_an_older_record_without_a_definition_says_so():
    assert run_query(cpu_point()).query is None
    assert "which the record does not define" in run_query(cpu_point()).words


def joules(task, baseline_j, minute, **fields):
    seen = windows((1.0, 0.9), baseline_j=baseline_j)
    return record(task=task, model=f"{task}_model", run_windows=seen, minute=minute, **fields)


def test_joules_are_those_of_the_table_of_tasks():
    made = [joules(task, 2.0 + place, place) for place, task in enumerate(TASKS)]
    made += [joules("text_generation", 9.0, 5, mitigations=[("nf4", {})])]
    made += [joules("text_generation", 0.1, 6, batch_size=64)]
    points = summarise("run", made, None)
    (order,) = task_orders(points)
    ours = {task: baseline_energy(*default_baselines(points, task)).value for task in TASKS}
    assert ours == pytest.approx({row.task: row.energy_per_query_j / 3600 for row in order.rows})
    # 4 J and 9 J share the baseline of batch 32, whose geometric mean is 6 J; batch 64 is not the smallest
    assert ours["text_generation"] == pytest.approx(6.0 / 3600)


def test_two_models_and_two_machines_are_never_pooled():
    made = [record(model=name, run_windows=windows((1.0, 1.0)), minute=minute) for minute, name in enumerate("ab")]
    elsewhere = cpu_point(minute=3, model="a")
    points = [*summarise("example", made, None), msgspec.structs.replace(elsewhere, hardware="another machine")]
    found = default_baselines(points, "image_classification")
    assert [[(point.model, point.hardware) for point in members] for members in found] == [
        [("a", "Example CPU, 2 logical CPUs")],
        [("b", "Example CPU, 2 logical CPUs")],
        [("a", "another machine")],
    ]
