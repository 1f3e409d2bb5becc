"""Stacks of techniques: does a stack save what its parts promise, and lose what they lose?

Parts that do not influence each other multiply: a stack of one that halves the energy and one that takes a fifth off
should need 0.5 x 0.8 = 0.4 of it. The interaction factor is the stack's own ratio over that product, 1 where the
parts are independent.

Its interval is Welch's: the variances of the mean log ratios add up, since stack and parts were each measured in a
process of its own against a baseline of its own, and the degrees of freedom follow Welch and Satterthwaite
(Welch 1947, doi:10.1093/biomet/34.1-2.28). What varies from process to process and not from block to block is in no
interval of a single measurement, and so in none of these.

Scores are not independent: stack and parts answered the same test items. How their errors go together is not in a
summary, so half-widths are added, which covers whatever the correlation is and is wider than it need be.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from suite.analysis.summary import PointSummary
from suite.analysis.verdict import EQUIVALENCE_HIGH, EQUIVALENCE_LOW
from suite.stats.interval import Interval, around, welch_interval

Finding = Literal["as-expected", "saves-more", "saves-less", "not-resolved"]
ScoreFinding = Literal["as-expected", "loses-less", "loses-more", "not-resolved"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScoreInteraction:
    """Differences of score, above 0 is better.

    Attributes:
        expected: sum of the parts' differences.
        found: the stack's own.
        excess: found less expected; above 0 the stack loses less than its parts.
        finding: what may be said of it.
    """

    expected: Interval
    found: Interval
    excess: Interval
    finding: ScoreFinding


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interaction:
    """One stack beside its parts.

    Attributes:
        stack: two techniques or more.
        parts: each of them alone, with the same parameters and baseline, in the stack's order.
        expected: product of the parts' energy ratios.
        found: the stack's own ratio.
        factor: found over expected; below 1 the stack saves more than its parts.
        finding: what may be said of the factor.
        score: the same for the score; None where one of them was not scored.
    """

    stack: PointSummary
    parts: tuple[PointSummary, ...]
    expected: Interval
    found: Interval
    factor: Interval
    finding: Finding
    score: ScoreInteraction | None


def stacks(points: Sequence[PointSummary]) -> list[PointSummary]:
    """Points of two techniques or more that have an energy ratio."""
    return [point for point in points if len(point.mitigations) > 1 and point.block_energy_ratios]


def interactions(points: Sequence[PointSummary]) -> list[Interaction]:
    """Stacks among ``points``, which share a baseline, whose parts were all measured alone."""
    alone = {
        _identity(point.mitigations[0]): point
        for point in points
        if len(point.mitigations) == 1 and point.block_energy_ratios
    }
    found = [_interaction(stack, [alone.get(_identity(use)) for use in stack.mitigations]) for stack in stacks(points)]
    return [each for each in found if each is not None]


def _identity(use: dict[str, Any]) -> bytes:
    """A technique with its parameters."""
    return msgspec.json.encode([use["name"], use["params"]], order="sorted")


def _interaction(stack: PointSummary, found: Sequence[PointSummary | None]) -> Interaction | None:
    parts = [part for part in found if part is not None and _read_alike(stack, part)]
    if len(parts) < len(stack.mitigations):
        return None
    mine, theirs = _logs(stack), [_logs(part) for part in parts]
    factor = welch_interval([mine], theirs).through(math.exp)
    return Interaction(
        stack=stack,
        parts=tuple(parts),
        expected=welch_interval(theirs, []).through(math.exp),
        found=welch_interval([mine], []).through(math.exp),
        factor=factor,
        finding=_finding(factor),
        score=_score(stack, parts),
    )


def _read_alike(stack: PointSummary, part: PointSummary) -> bool:
    """The same component on the same basis."""
    return (stack.component, stack.energy_basis) == (part.component, part.energy_basis)


def _logs(point: PointSummary) -> list[float]:
    return [math.log(ratio) for ratio in point.block_energy_ratios]


def _finding(factor: Interval) -> Finding:
    """As with the verdict on a point: a resolved difference first, then no difference within the same bounds."""
    if factor.low is None or factor.high is None:
        return "not-resolved"
    if factor.high < 1:
        return "saves-more"
    if factor.low > 1:
        return "saves-less"
    within = factor.low >= EQUIVALENCE_LOW and factor.high <= EQUIVALENCE_HIGH
    return "as-expected" if within else "not-resolved"


def _score(stack: PointSummary, parts: Sequence[PointSummary]) -> ScoreInteraction | None:
    deltas = [each.score_delta for each in (stack, *parts) if each.metric == stack.metric]
    known = [delta for delta in deltas if delta is not None]
    if len(known) <= len(parts):
        return None
    reaches = [_reach(each) for each in (stack, *parts)]
    expected = math.fsum(known[1:])
    excess = around(known[0] - expected, _total(reaches))
    return ScoreInteraction(
        expected=around(expected, _total(reaches[1:])),
        found=Interval(known[0], stack.score_delta_low, stack.score_delta_high),
        excess=excess,
        finding=_score_finding(excess, stack.margin or 0.0),
    )


def _reach(point: PointSummary) -> float | None:
    """Half the width of the interval of the difference of scores."""
    if point.score_delta_low is None or point.score_delta_high is None:
        return None
    return (point.score_delta_high - point.score_delta_low) / 2


def _total(reaches: Sequence[float | None]) -> float | None:
    known = [reach for reach in reaches if reach is not None]
    return math.fsum(known) if len(known) == len(reaches) else None


def _score_finding(excess: Interval, margin: float) -> ScoreFinding:
    if excess.low is None or excess.high is None:
        return "not-resolved"
    if excess.low > 0:
        return "loses-less"
    if excess.high < 0:
        return "loses-more"
    return "as-expected" if excess.low >= -margin and excess.high <= margin else "not-resolved"
