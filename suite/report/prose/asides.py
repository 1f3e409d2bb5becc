"""What stands behind a claim in sentences of their own: its price in time, and what training has to do with it."""

from __future__ import annotations

from suite.analysis.summary import PointSummary
from suite.report.prose.parts import Part, parts
from suite.text import numbers as text
from suite.text.i18n import _

SLOWER = 1.1
"""From this ratio of median latencies on a saving has a price in time that is told with it."""


def asides(point: PointSummary) -> tuple[Part, ...]:
    """Sentences that follow the one with the claim, each with a space before it; often none."""
    found = [*_latency(point), *_missed_gates(point), *_seeds(point), *_control(point)]
    return tuple(part for sentence in found for part in (Part(" "), *sentence))


def trained(point: PointSummary) -> str:
    """With how many seeds a technique was trained, and what came of it; empty where it trains nothing."""
    if point.seeds is None:
        return ""
    spread = _over_seeds(point)
    return _("{n} seeds: {low} to {high}").format(**spread) if spread else _("one seed")


def training_alone(point: PointSummary) -> str:
    """How much the same training changes the score without the technique; empty where that was not measured."""
    if point.training_score_delta is None:
        return ""
    return _("training alone: {change}").format(change=text.score_change(point.training_score_delta, point.metric))


def _latency(point: PointSummary) -> list[tuple[Part, ...]]:
    if point.latency_ratio is None or point.latency_ratio < SLOWER:
        return []
    words = _("The price: an answer takes **{times} times as long** (median latency).")
    return [parts(words, times=text.significant(point.latency_ratio, 2))]


def _missed_gates(point: PointSummary) -> list[tuple[Part, ...]]:
    """Each latency gate that the technique misses: its saving is none for whoever needs the answer in time."""
    words = _("It **misses the latency gate**: {percent} % of the answers come within {found}, not within {limit}.")
    return [
        parts(
            words,
            percent=text.whole(gate.percent),
            found=text.duration(gate.found_s),
            limit=text.duration(gate.limit_s),
        )
        for gate in point.missed_latency_gates
    ]


def _seeds(point: PointSummary) -> list[tuple[Part, ...]]:
    if point.seeds is None:
        return []
    spread = _over_seeds(point)
    if spread is None:
        return [parts(_("It was trained with one seed; another may score differently."))]
    return [parts(_("Trained with {n} seeds it scores {low} to {high}."), **spread)]


def _over_seeds(point: PointSummary) -> dict[str, str] | None:
    """How many seeds, and the lowest and highest score after training with them; None where there was one."""
    if point.score_over_seeds_low is None or point.score_over_seeds_high is None:
        return None
    low, high = (text.score(end, point.metric) for end in (point.score_over_seeds_low, point.score_over_seeds_high))
    return {"n": text.whole(point.seeds), "low": low, "high": high}


def _control(point: PointSummary) -> list[tuple[Part, ...]]:
    """Training alone against the technique, where the control was measured."""
    if point.training_score_delta is None:
        return []
    words = _("Of its change of score, the same training without the technique gives {training}, the technique {own}.")
    training = _change(
        point, point.training_score_delta, point.training_score_delta_low, point.training_score_delta_high
    )
    own = _change(
        point,
        point.beyond_training_score_delta,
        point.beyond_training_score_delta_low,
        point.beyond_training_score_delta_high,
    )
    return [parts(words, training=training, own=own)]


def _change(point: PointSummary, value: float | None, low: float | None, high: float | None) -> str:
    return f"{text.score_change(value, point.metric)} {text.score_interval(low, high, point.metric)}"
