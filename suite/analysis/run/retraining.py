"""What training alone does to a score, told from what a technique that ends with training does.

The control is a point whose only technique is ``retrain_only``: the untouched model, trained by the same recipe on the
same data. A technique's change of score is then the control's, and what lies beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from suite.analysis.run.baselines import baseline_of
from suite.record.schema import MitigationUse, Record
from suite.stats.score_difference import differences_of, mean_difference

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary

CONTROL = "retrain_only"


def set_against_controls(points: Sequence[PointSummary], records: Sequence[Record]) -> list[PointSummary]:
    """``points`` of one run, in order; those that train have their control's figures where it was measured.

    Args:
        points: of ``records``, in the same order.
        records: hold the scores of each item, which are paired between a point and its control.
    """
    controls = {
        _training(point): (point, record)
        for point, record in zip(points, records, strict=True)
        if point.mitigation == CONTROL and point.score is not None
    }
    return [
        point
        if point.mitigation == CONTROL or point.score is None or _training(point) not in controls
        else msgspec.structs.replace(point, **_against(record, *controls[_training(point)]))
        for point, record in zip(points, records, strict=True)
    ]


def _training(point: PointSummary) -> tuple[Any, ...]:
    """Baseline and recipe; the latter is None where nothing is trained, or a stack trains twice."""
    recipes = [use.recipe for use in (MitigationUse(**each) for each in point.mitigations) if use.recipe]
    recipe = msgspec.json.encode(recipes[0], order="sorted") if len(recipes) == 1 else None
    return (*baseline_of(point), recipe)


def _against(record: Record, control: PointSummary, of_control: Record) -> dict[str, Any]:
    ours, theirs = record.scores, of_control.scores
    assert ours is not None
    assert theirs is not None
    if len(ours.candidate) != len(theirs.candidate):
        return {}
    sign = 1.0 if ours.higher_is_better else -1.0
    beyond = mean_difference(differences_of(theirs.candidate, ours.candidate, ours.clusters, sign=sign)).interval()
    return {
        "control_point_id": control.point_id,
        "training_score_delta": control.score_delta,
        "training_score_delta_low": control.score_delta_low,
        "training_score_delta_high": control.score_delta_high,
        "beyond_training_score_delta": beyond.estimate,
        "beyond_training_score_delta_low": beyond.low,
        "beyond_training_score_delta_high": beyond.high,
    }
