import pytest

from suite.errors import InputError
from suite.footprint.from_run import from_run, point_for, run_points
from suite.footprint.run_baseline import baseline_energy
from tests.synthetic import publish_table, record, windows, write_run

TEXT = {"text_generation": "text_generation"}


def made(minute, *techniques, baseline_j=3.6, **fields):
    choices = {"task": "text_generation", "run_windows": windows((0.8, 0.82), baseline_j=baseline_j)} | fields
    return record(mitigations=[(name, {}) for name in techniques], minute=minute, **choices)


def taken(folder, tasks=TEXT, technique=None, point_ids=(), own=("text_generation",)):
    return from_run(folder, tasks, technique=technique, point_ids=point_ids, own=own)


@pytest.fixture
def folder(tmp_path):
    """Batch 8 without a technique and with two of them, batch 32 with one, and a training."""
    records = [made(0, batch_size=8), made(1, "nf4", batch_size=8), made(2, "fp16", batch_size=8)]
    records += [made(3, "nf4", batch_size=32, baseline_j=0.5), made(4, phase="training", baseline_j=99.0)]
    return write_run(tmp_path / "run", records)


def test_training_is_no_use(folder):
    assert {point.phase for point in run_points(folder).points} == {"inference"}


def test_many_techniques_and_batches_of_one_model_need_no_ids(folder):
    members = taken(folder).baselines["text_generation"]
    assert [point.mitigation for point in members] == ["none", "nf4", "fp16"]
    assert {point.baseline_batch_size for point in members} == {8}


def test_a_technique_stands_on_its_own_baseline(folder):
    points = run_points(folder).points
    large = next(point for point in points if point.baseline_batch_size == 32)
    found = taken(folder, technique="nf4", point_ids=[large.point_id[:8]])
    assert found.treated == {"text_generation": large}
    assert found.baselines == {"text_generation": [large]}


def test_a_task_without_the_technique_has_its_energy_from_the_run_all_the_same(tmp_path):
    records = [made(0, "nf4"), made(1, task="image_generation")]
    tasks = TEXT | {"image_generation": "image_generation"}
    found = taken(write_run(tmp_path / "run", records), tasks, technique="nf4", own=tasks)
    assert set(found.treated) == {"text_generation"}
    assert set(found.baselines) == set(tasks)


def test_a_task_that_the_label_says_more_of_is_the_same_task(tmp_path):
    folder = write_run(tmp_path / "run", [made(0, task="text_generation[new_tokens=10]")])
    assert set(taken(folder).baselines) == set(TEXT)


def test_two_models_of_one_task_are_told_apart_by_an_id(tmp_path):
    first, second = made(0, model="small"), made(1, model="large")
    folder = write_run(tmp_path / "run", [first, second])
    with pytest.raises(InputError, match=f"point_ids=.*{first.point_id} .*small.*{second.point_id} .*large"):
        taken(folder)
    (point,) = taken(folder, point_ids=[second.point_id]).baselines["text_generation"]
    assert point.model == "large"


def test_what_the_run_does_not_hold_is_none(folder):
    points = run_points(folder).points
    assert point_for(points, "image_generation", "nf4", []) is None
    assert point_for(points, "text_generation", "int8_dynamic", []) is None


def test_several_points_of_a_technique_are_told_apart_by_their_ids(folder):
    points = run_points(folder).points
    both = [point for point in points if point.mitigation == "nf4"]
    with pytest.raises(InputError, match=f"point_ids=.*{both[0].point_id}"):
        point_for(points, "text_generation", "nf4", [])
    assert point_for(points, "text_generation", "nf4", [both[1].point_id[:8]]) == both[1]


def test_an_id_that_no_point_has_is_refused(folder):
    with pytest.raises(InputError, match="no point of the run with an energy of a query has this id"):
        taken(folder, point_ids=["zz"])


@pytest.mark.parametrize("tasks", [{"txt_generation": "txt_generation"}, {"text": "txt_generation"}])
def test_a_task_that_no_run_can_have_is_refused(folder, tasks):
    with pytest.raises(InputError, match=r"no run can have, got 'txt_generation', did you mean text_generation\?"):
        taken(folder, tasks, own=tasks)


def test_a_task_that_nothing_of_a_run_stands_for_is_absent(folder):
    assert set(taken(folder, TEXT | {"image_generation": None}).baselines) == set(TEXT)


def test_a_run_that_holds_none_of_the_tasks_is_refused(folder):
    tasks = {"image_generation": "image_generation"}
    with pytest.raises(InputError, match="has text_generation: none, nf4, fp16"):
        taken(folder, tasks, own=tasks)


def test_a_run_without_energy_is_refused(tmp_path):
    folder = write_run(tmp_path / "run", [record(status="skipped")])
    with pytest.raises(InputError, match="no energy of a query"):
        run_points(folder)


@pytest.mark.parametrize("method", ["simulated:board", "replayed:board"])
def test_what_is_not_of_this_world_is_refused(tmp_path, method):
    folder = write_run(tmp_path / "run", [made(0, run_windows=windows((0.8, 0.8), method=method))])
    with pytest.raises(InputError, match="no energy of a query that was measured or estimated"):
        run_points(folder)


def test_a_reading_of_0_is_no_energy_of_a_query(tmp_path):
    folder = write_run(tmp_path / "run", [made(0, run_windows=windows((0.8, 0.8), baseline_j=0.0))])
    with pytest.raises(InputError, match="no energy of a query"):
        run_points(folder)


def test_a_published_table_says_what_its_records_do(folder, tmp_path):
    published = publish_table(folder, tmp_path / "report")
    ours, theirs = (baseline_energy(taken(each).baselines["text_generation"]) for each in (folder, published))
    assert ours.value == theirs.value
