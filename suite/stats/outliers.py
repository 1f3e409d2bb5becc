"""Values that do not belong to the rest: a block in which the machine hung, among blocks in which it did not.

The generalised extreme studentised deviate test (Rosner 1983, doi:10.1080/00401706.1983.10487848) finds several such
values, also where they hide each other, and calls none of a normal sample outlying with a chance that is chosen. A
test alone would call a block outlying that is off by 2 % where the others agree to 0.1 %: such variation is what the
interval is for. So a value must also be far from the rest in itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from suite.stats.interval import t_quantile

FALSE_ALARM = 0.001
"""Chance that a value of a normal sample is called outlying."""
FEWEST = 4
"""Values below which none is called outlying; of more, at most a quarter."""


def outlying(values: Sequence[float], least: float) -> list[bool]:
    """For each value whether it is an outlier.

    Args:
        values: finite; of a sample that is normal but for its outliers.
        least: how far an outlier lies at least from the mean of those that are none, in the unit of ``values``.
    """
    rest = list(range(len(values)))
    candidates: list[int] = []
    found = 0
    for number in range(1, len(values) // FEWEST + 1):
        mean = math.fsum(values[index] for index in rest) / len(rest)
        spread = math.sqrt(math.fsum((values[index] - mean) ** 2 for index in rest) / (len(rest) - 1))
        farthest = max(rest, key=lambda index: abs(values[index] - mean))
        rest.remove(farthest)
        candidates.append(farthest)
        if spread > 0 and abs(values[farthest] - mean) > _critical(len(values), number) * spread:
            found = number
    kept = [values[index] for index in range(len(values)) if index not in candidates[:found]]
    centre = math.fsum(kept) / len(kept) if kept else 0.0
    chosen = {index for index in candidates[:found] if abs(values[index] - centre) >= least}
    return [index in chosen for index in range(len(values))]


def _critical(count: int, number: int) -> float:
    """Studentised deviation that the ``number``-th most extreme of ``count`` values exceeds by chance seldom enough."""
    left = count - number + 1
    quantile = t_quantile(1 - FALSE_ALARM / left, left - 2)
    return (left - 1) * quantile / math.sqrt((left - 2 + quantile**2) * left)
