"""Scores beside the one that a point is judged by: paired differences, item by item."""

from __future__ import annotations

import msgspec

from suite.analysis.point.accuracy import compare_scores
from suite.record.schema import Record


class FurtherScore(msgspec.Struct, frozen=True, kw_only=True):
    """Mean scores of both arms and their difference with its 95 % interval; above 0 the technique is better."""

    metric: str
    higher_is_better: bool
    baseline: float
    score: float
    delta: float
    delta_low: float | None
    delta_high: float | None
    items: int
    changed_items: int


def further_scores(record: Record) -> list[FurtherScore]:
    """All of them that can be compared, in the record's order."""
    both = [(each, compare_scores(each)) for each in record.further_scores]
    return [
        FurtherScore(
            metric=found.metric,
            higher_is_better=each.higher_is_better,
            baseline=found.baseline,
            score=found.candidate,
            delta=found.delta.estimate,
            delta_low=found.delta.low,
            delta_high=found.delta.high,
            items=found.items,
            changed_items=found.changed,
        )
        for each, found in both
        if found is not None
    ]
