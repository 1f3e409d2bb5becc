"""Accuracy of a point: paired difference of scores, item by item."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from scipy import stats

from suite.interval import clustered_mean_interval
from suite.record import Scores


@dataclasses.dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Mean scores of both arms and their difference, whose sign makes above 0 better whatever the metric.

    The ends of the difference are None for fewer than two items (or two sources of items).
    ``mcnemar_p`` is None unless the scores are 0/1 and the items independent.
    """

    metric: str
    baseline: float
    candidate: float
    delta: float
    low: float | None
    high: float | None
    mcnemar_p: float | None
    items: int
    is_binary: bool


def compare_scores(scores: Scores | None) -> Accuracy | None:
    """The paired difference of ``scores`` with its closed-form 95 % interval, clustered where items share a source.

    Returns:
        None where nothing was scored, the arms' items do not match, or a score is not finite.
    """
    if scores is None or not scores.baseline or len(scores.baseline) != len(scores.candidate):
        return None
    if not all(math.isfinite(value) for value in (*scores.baseline, *scores.candidate)):
        return None
    sign = 1.0 if scores.higher_is_better else -1.0
    differences = [sign * (after - before) for before, after in zip(scores.baseline, scores.candidate, strict=True)]
    clusters = scores.clusters if scores.clusters is not None else range(len(differences))
    interval = clustered_mean_interval(differences, clusters)
    return Accuracy(
        metric=scores.metric,
        baseline=mean(scores.baseline),
        candidate=mean(scores.candidate),
        delta=mean(differences),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        mcnemar_p=None if scores.clusters is not None else mcnemar(scores.baseline, scores.candidate),
        items=len(differences),
        is_binary=all(value in (0.0, 1.0) for value in (*scores.baseline, *scores.candidate)),
    )


def mcnemar(baseline: Sequence[float], candidate: Sequence[float]) -> float | None:
    """Two-sided exact p value that both arms are right equally often (McNemar 1947, doi:10.1007/BF02295996).

    Returns:
        None unless every score is 0 or 1; 1.0 where the arms never disagree.
    """
    if not all(value in (0.0, 1.0) for value in (*baseline, *candidate)):
        return None
    lost = sum(before > after for before, after in zip(baseline, candidate, strict=True))
    won = sum(before < after for before, after in zip(baseline, candidate, strict=True))
    if lost + won == 0:
        return 1.0
    return float(stats.binomtest(lost, lost + won, 0.5).pvalue)


def is_blind(accuracy: Accuracy, margin: float) -> bool:
    """Whether an interval without width hides that too few items were scored to rule out a loss of ``margin``.

    Where none of n right-or-wrong answers changed, the 95 % bound on the share that would is 3/n (rule of three:
    Hanley & Lippman-Hand 1983, doi:10.1001/jama.1983.03330370053031).
    """
    unchanged = accuracy.low == accuracy.high == 0
    return accuracy.is_binary and unchanged and 3 / accuracy.items > margin


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of at least one value."""
    return math.fsum(values) / len(values)
