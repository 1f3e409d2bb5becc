"""Many claims at once: which of them stand when the chance that any of them is false is to stay small."""

from __future__ import annotations

from collections.abc import Sequence

from suite.stats.interval import LEVEL


def holm(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """For each p value whether its hypothesis is rejected by Holm's step-down procedure.

    The chance that any true hypothesis is rejected is at most 1 - ``level``, whatever the dependence between the
    comparisons and however many hypotheses are true (Holm 1979, Scandinavian Journal of Statistics 6:65-70,
    https://www.jstor.org/stable/4615733). Benjamini and Hochberg's procedure would only bound the expected share of
    false claims among all claims; a first screen that names one technique has one claim, and it should be true.
    """
    rejected = [False] * len(p_values)
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        if p_values[index] > (1 - level) / (len(p_values) - place):
            break
        rejected[index] = True
    return rejected


def simultaneous_level(comparisons: int, level: float = LEVEL) -> float:
    """Level at which each of so many intervals is to be taken, so that all hold at once with ``level`` (Bonferroni).

    The interval of the comparison that looks best is then as trustworthy as any: the best of many is an extreme, and
    its own 95 % interval holds the truth less often than that.
    """
    return 1 - (1 - level) / max(1, comparisons)
