"""The control of a technique that ends with training."""

import pytest

from suite.analysis.summary import summarise
from tests.synthetic import binary_scores, record, windows

RECIPE = {
    "steps": 100, "batch_size": 16, "learning_rate": 2e-4, "weight_decay": 0.01, "warmup_share": 0.1, "clip_norm": 1.0,
}  # fmt: skip
PRUNED = ("structured_pruning", {"share": 0.5, "multiple_of": 8, "recovery": RECIPE})
CONTROL = ("retrain_only", {"training": RECIPE})


def ran(technique, scores, minute, **more):
    used = [technique] if technique else []
    return record(mitigations=used, run_windows=windows([0.8] * 4), scores=scores, minute=minute, **more)


def against_each_other(technique=PRUNED, control=CONTROL, **more):
    """The technique wins 8 items of 400 and loses 2, training alone wins 9 of the same items and loses none."""
    of_technique = binary_scores(right=300, lost=2, won=8, wrong=90)
    of_control = binary_scores(right=302, lost=0, won=9, wrong=89)
    points = summarise(
        "run", [ran(technique, of_technique, 1, **more), ran(control, of_control, 2), ran(None, None, 0)], None
    )
    return points[0], points[1]


def test_what_training_alone_gives_stands_beside_the_technique():
    point, control = against_each_other()
    assert point.score_delta == pytest.approx(6 / 400)
    assert point.control_point_id == control.point_id
    assert point.training_score_delta == pytest.approx(9 / 400)
    assert (point.training_score_delta_low, point.training_score_delta_high) == (
        control.score_delta_low, control.score_delta_high,
    )  # fmt: skip


def test_what_lies_beyond_training_is_paired_item_by_item():
    point, _ = against_each_other()
    assert point.beyond_training_score_delta == pytest.approx(6 / 400 - 9 / 400)
    # Three items differ between the two, all lost: one lost and one won are added, as in every interval of scores.
    assert point.beyond_training_score_delta_low < -3 / 400 < point.beyond_training_score_delta_high


def test_another_recipe_is_no_control():
    point, _ = against_each_other(control=("retrain_only", {"training": RECIPE | {"steps": 50}}))
    assert point.control_point_id is None
    assert point.training_score_delta is None


def test_another_baseline_is_no_control():
    point, _ = against_each_other(batch_size=8)
    assert point.control_point_id is None


def test_what_trains_nothing_has_no_control():
    point, _ = against_each_other(technique=("bf16", {}))
    assert point.training_score_delta is None
