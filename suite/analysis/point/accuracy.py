"""Accuracy of a point: paired difference of scores, item by item."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from scipy import special

from suite.record.schema import Scores
from suite.stats.interval import Estimate, Interval
from suite.stats.score_difference import differences_of, mean_difference

_CHANCE_LEVEL = 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Mean scores of both arms and their difference, whose sign makes above 0 better whatever the metric.

    The difference has no ends for fewer than two items (or two sources of items).
    ``mcnemar_p`` is None unless the scores are 0/1 and the items independent. ``changed`` counts the items whose score
    differs by more than the rounding of float32. ``sources`` and ``design_effect`` (variance of the difference with its
    clusters over that without) are None where items are independent, the latter also where no item changed.
    ``is_at_chance``: the baseline does not score clearly better than answers that do not look at the items would, so
    that it has nothing to lose.
    """

    metric: str
    baseline: float
    candidate: float
    estimate: Estimate
    mcnemar_p: float | None
    items: int
    changed: int
    is_binary: bool
    sources: int | None
    design_effect: float | None
    is_at_chance: bool

    @property
    def delta(self) -> Interval:
        """The difference with its 95 % interval."""
        return self.estimate.interval()


def compare_scores(scores: Scores | None) -> Accuracy | None:
    """The paired difference of ``scores``, clustered where items share a source.

    Its interval is ``suite.stats.score_difference``'s, which keeps its coverage where few items changed or none.

    Returns:
        None where nothing was scored, the arms' items do not match, or a score is not finite.
    """
    if scores is None or not scores.baseline or len(scores.baseline) != len(scores.candidate):
        return None
    if not all(math.isfinite(value) for value in (*scores.baseline, *scores.candidate)):
        return None
    sign = 1.0 if scores.higher_is_better else -1.0
    found = differences_of(scores.baseline, scores.candidate, scores.clusters, sign=sign)
    return Accuracy(
        metric=scores.metric,
        baseline=mean(scores.baseline),
        candidate=mean(scores.candidate),
        estimate=mean_difference(found),
        mcnemar_p=None if scores.clusters is not None else mcnemar(scores.baseline, scores.candidate),
        items=found.items,
        changed=found.changed_items,
        is_binary=found.is_binary,
        sources=None if scores.clusters is None else found.sources,
        design_effect=found.design_effect,
        is_at_chance=_is_at_chance(scores, is_binary=found.is_binary),
    )


def _is_at_chance(scores: Scores, *, is_binary: bool) -> bool:
    """Right answers by a one-sided exact binomial test at 5 %; other scores by their mean."""
    if scores.chance is None:
        return False
    if is_binary and scores.higher_is_better and 0 < scores.chance < 1:
        right = round(math.fsum(scores.baseline))
        at_least_so_many = float(special.bdtrc(right - 1, len(scores.baseline), scores.chance)) if right else 1.0
        return at_least_so_many > _CHANCE_LEVEL
    gain = mean(scores.baseline) - scores.chance
    return (gain if scores.higher_is_better else -gain) <= 0


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
    return min(1.0, 2 * float(special.bdtr(min(lost, won), lost + won, 0.5)))


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of at least one value."""
    return math.fsum(values) / len(values)
