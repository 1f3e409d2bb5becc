"""The verdict on a point, in the fixed words of results.csv."""

from __future__ import annotations

from typing import Literal

Verdict = Literal[
    "saves",
    "saves-but-loses-accuracy",
    "saves-accuracy-not-measured",
    "no-detectable-change",
    "costs-energy",
    "inconclusive",
    "skipped",
    "failed",
]

EQUIVALENCE_LOW, EQUIVALENCE_HIGH = 0.95, 1.05
"""A ratio whose whole interval lies between these counts as no change."""
FLOOR = 0.005
"""Relative change of energy below which no instrument of this suite tells two arms apart, whatever the interval."""


def verdict_on(
    *,
    ratio_low: float | None,
    ratio_high: float | None,
    scored: bool,
    delta_low: float | None,
    delta_high: float | None,
    margin: float,
    floor: float = FLOOR,
    is_claimed: bool = True,
) -> Verdict:
    """The verdict on a point that ran.

    Args:
        ratio_low: lower end of the 95 % interval of the energy ratio; None where there is no interval.
        ratio_high: its upper end.
        scored: whether both arms were scored.
        delta_low: lower end of the 95 % interval of the score difference (above 0 is better).
        delta_high: its upper end.
        margin: the largest loss that still counts as none, at least 0, in the score's unit.
        floor: the relative change of energy that the instrument cannot tell from none. An interval that does not lie
            wholly beyond it is no saving and no cost.
        is_claimed: False where the change of energy is not claimed, though its interval lies beyond the floor: it did
            not stand up to the correction for the number of comparisons.
    """
    if ratio_low is None or ratio_high is None:
        return "inconclusive"
    if ratio_low > 1 + floor and is_claimed:
        return "costs-energy"
    if ratio_high < 1 / (1 + floor) and is_claimed:
        return _verdict_on_saving(scored, delta_low, delta_high, margin)
    if ratio_low >= EQUIVALENCE_LOW and ratio_high <= EQUIVALENCE_HIGH:
        return "no-detectable-change"
    return "inconclusive"


def _verdict_on_saving(scored: bool, delta_low: float | None, delta_high: float | None, margin: float) -> Verdict:
    if not scored:
        return "saves-accuracy-not-measured"
    if delta_low is None or delta_high is None:
        return "inconclusive"
    if delta_low >= -margin:
        return "saves"
    return "saves-but-loses-accuracy" if delta_high < 0 else "inconclusive"


def absolute_margin(margin: float, *, relative: bool, baseline_score: float | None) -> float:
    """``margin`` in the score's unit; a relative one is a share of the size of the baseline's score."""
    return margin * abs(baseline_score) if relative and baseline_score is not None else margin
