"""What a search's points have come to, from the run's records."""

from __future__ import annotations

from collections.abc import Mapping

from suite.analysis.point.accuracy import compare_scores
from suite.analysis.summary import PointSummary, summarise
from suite.config.plan import PlannedPoint
from suite.measure.block_limits import BUDGET
from suite.measure.draft import ACCURACY_GATE
from suite.record.schema import Record
from suite.record.store import load_run, newest_by_point
from suite.search.search import Found, Outcome


def outcomes_of(plans: Mapping[str, PlannedPoint]) -> Found:
    """Outcomes of ``plans`` by their keys, as far as the run has records; judged beside each other.

    A point that a budget left out has none: it is still to be measured.
    """
    if not plans:
        return {}
    folder = next(iter(plans.values())).plan.run_folder
    newest = {record.point_id: record for record in newest_by_point(load_run(folder)[0])}
    records = {key: newest[name] for key, each in plans.items() if (name := each.plan.point.point_id) in newest}
    points = summarise(folder.name, list(records.values()), None)
    return {
        key: _outcome(record, point)
        for (key, record), point in zip(records.items(), points, strict=True)
        if point.reason_kind != BUDGET
    }


def _outcome(record: Record, point: PointSummary) -> Outcome:
    scores = compare_scores(record.scores)
    return Outcome(
        point=point,
        score_delta=scores.delta.estimate if scores else None,
        stopped_early=point.reason_kind == ACCURACY_GATE,
    )
