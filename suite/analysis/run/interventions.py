"""The twelve interventions, answered by a run: of each, the technique that did best here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Literal

from suite.analysis.summary import PointSummary
from suite.analysis.verdict import Verdict
from suite.plugins.interventions import INTERVENTIONS

Outcome = Verdict | Literal["lowers-carbon", "not-tried"]
"""What a run says of an intervention: the verdict on its best technique, or that it was not tried."""
_BEST_FIRST: tuple[Outcome, ...] = (
    "saves",
    "lowers-carbon",
    "saves-accuracy-not-measured",
    "saves-but-loses-accuracy",
    "no-detectable-change",
    "inconclusive",
    "costs-energy",
    "failed",
    "skipped",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InterventionResult:
    """One intervention in one run.

    Attributes:
        key: of ``INTERVENTIONS``.
        outcome: of ``point``.
        point: the one that did best, alone and not in a stack; None where nothing was tried.
        tried: techniques of the intervention that the run has a point of, whatever became of it.
    """

    key: str
    outcome: Outcome
    point: PointSummary | None
    tried: tuple[str, ...]


def intervention_results(points: Sequence[PointSummary], interventions: Mapping[str, str]) -> list[InterventionResult]:
    """One result for each of the twelve, in the order of ``INTERVENTIONS``.

    The best technique is the one of the best verdict, and of these the one of the lowest ratio. The verdicts are those
    corrected for the number of comparisons, so that the best of many is no lucky draw.

    Args:
        points: of a run.
        interventions: key of the intervention by name of technique.
    """
    by_key: dict[str, list[PointSummary]] = {key: [] for key in INTERVENTIONS}
    for point in points:
        key = interventions.get(point.mitigation)
        if key and len(point.mitigations) == 1:
            by_key[key].append(point)
    return [_result(key, tried) for key, tried in by_key.items()]


def covers_all(results: Sequence[InterventionResult]) -> bool:
    """Whether every intervention was tried, be it that it cannot run here."""
    return all(result.point is not None for result in results)


def _result(key: str, tried: Sequence[PointSummary]) -> InterventionResult:
    best = min(tried, key=_rank, default=None)
    names = tuple(dict.fromkeys(point.mitigation for point in tried))
    return InterventionResult(key=key, outcome="not-tried" if best is None else _outcome(best), point=best, tried=names)


def _outcome(point: PointSummary) -> Outcome:
    lowers = point.co2e_ratio_high is not None and point.co2e_ratio_high < 1
    return "lowers-carbon" if lowers and point.claim in ("no-detectable-change", "inconclusive") else point.claim


def _rank(point: PointSummary) -> tuple[int, float]:
    ratio = point.energy_ratio if point.co2e_ratio is None else point.co2e_ratio
    return _BEST_FIRST.index(_outcome(point)), math.inf if ratio is None else ratio
