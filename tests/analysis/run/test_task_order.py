"""Tasks ranked by energy, on their own baseline, beside a study's."""

import pytest

from suite.analysis.run.task_order import published_tasks, task_orders
from suite.analysis.summary import summarise
from tests.synthetic import binary_scores, environment, record, windows

SAME = binary_scores(90, 0, 0, 10)


def orders(*records):
    return task_orders(summarise("run", records, 475.0))


def ran(task, joules, minute, **fields):
    seen = windows([1.0] * 4, baseline_j=joules)
    return record(task=task, model=f"{task}_model", run_windows=seen, scores=SAME, minute=minute, **fields)


def three(joules=(1.0, 3.0, 20.0)):
    tasks = ("text_classification", "image_classification", "text_generation")
    return [ran(task, each, minute) for minute, (task, each) in enumerate(zip(tasks, joules, strict=True))]


def test_tasks_stand_least_energy_first_as_multiples_of_the_one_that_takes_least_in_the_study():
    (order,) = orders(*three())
    assert [row.task for row in order.rows] == ["text_classification", "image_classification", "text_generation"]
    assert [row.energy_per_query_j for row in order.rows] == pytest.approx([1.0, 3.0, 20.0])
    assert order.reference == "text_classification"
    assert [row.multiple.estimate for row in order.rows] == pytest.approx([1.0, 3.0, 20.0])
    assert [row.rank for row in order.rows] == [1, 2, 3]
    assert [row.score for row in order.rows] == [0.9] * 3


def test_the_study_stands_beside_on_its_own_baseline_with_its_models_range():
    (order,) = orders(*three())
    image = order.rows[1]
    assert image.published_multiple.estimate == pytest.approx(0.00699 / 0.00235)
    assert image.published_multiple.low == pytest.approx(0.00581 / 0.00235)
    assert image.published_rank == 2


@pytest.mark.parametrize(
    ("joules", "rho"), [((1.0, 3.0, 20.0), 1.0), ((20.0, 3.0, 1.0), -1.0), ((3.0, 1.0, 20.0), 0.5)]
)
def test_the_rank_correlation_is_spearmans(joules, rho):
    (order,) = orders(*three(joules))
    assert (order.rank_correlation, order.shared) == (pytest.approx(rho), 3)


def test_a_task_that_the_study_has_not_is_ranked_and_left_out_of_the_correlation():
    (order,) = orders(*three(), ran("speech_recognition", 2.0, 5))
    own = order.rows[1]
    assert (own.task, own.rank, own.published, own.published_rank) == ("speech_recognition", 2, None, None)
    assert (order.shared, order.rank_correlation) == (3, pytest.approx(1.0))


def test_the_smallest_batch_counts():
    (order,) = orders(*three(), ran("text_classification", 0.1, 7, batch_size=256))
    assert order.rows[0].energy_per_query_j == pytest.approx(1.0)
    assert order.rows[0].batch_size == 32


def test_machines_and_instruments_are_never_put_into_one_order():
    there = environment("another CPU")
    other = [ran(f"task_{n}", 1.0, 20 + n, where=there) for n in range(3)]
    found = orders(*three(), *other)
    assert [order.hardware for order in found] == ["Example CPU, 2 logical CPUs", "another CPU"]
    assert (found[1].reference, found[1].rank_correlation) == (None, None)
    assert found[1].rows[0].multiple is None


def test_two_tasks_are_no_order():
    assert orders(*three()[:2]) == []


def test_training_is_no_query():
    trained = [ran(task.task, 1.0, 30 + n, phase="training") for n, task in enumerate(published_tasks()[:4])]
    assert orders(*trained) == []


def test_a_multiple_has_an_interval_of_the_blocks_of_both():
    """Block energies of 2 and 4 J in turn: the geometric mean of 2.83 J lies inside, and the reference has no ends."""
    tasks = three()
    uneven = [windows([1.0] * 4, baseline_j=joules) for joules in (2.0, 4.0)]
    mixed = [one for one in uneven[0] if one.block % 2 == 0] + [one for one in uneven[1] if one.block % 2]
    image = record(task="image_classification", run_windows=mixed, scores=SAME, minute=1)
    (order,) = orders(tasks[0], image, tasks[2])
    multiple = order.rows[1].multiple
    assert multiple.estimate == pytest.approx(8**0.5)
    assert multiple.low < 2.0
    assert multiple.high > 4.0
    assert order.rows[0].multiple.low is None


def test_a_task_that_the_user_changed_stands_beside_the_studys_all_the_same():
    changed = ran("text_generation[new_tokens=10]", 20.0, 4)
    (order,) = orders(*three()[:2], changed)
    assert order.rows[2].task == "text_generation[new_tokens=10]"
    assert order.rows[2].published_rank == 3
    assert (order.shared, order.rank_correlation) == (3, pytest.approx(1.0))


def test_one_task_in_many_sizes_is_no_order_of_tasks():
    sizes = [ran(f"video_generation[frames={count}]", float(count), count) for count in (9, 17, 33, 65)]
    assert orders(*sizes) == []
