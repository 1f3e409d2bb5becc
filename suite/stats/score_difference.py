"""The mean of paired differences of scores, with an interval that keeps its coverage where few items changed.

The t interval of a mean takes the spread of the differences from the sample. Where two answers of a thousand changed
that spread is hardly known, and where none did it is 0, which no sample can say of a population. So two sources are
added that did not occur, one that lost and one that won, as the adjusted Wald interval of paired proportions adds an
answer each (Bonett & Price 2012, doi:10.3102/1076998611411915). Two things are added to that interval:

- *Sources.* Items of one source change together, so what is added is a source and not an item, of the size that a
  changed source typically has: the mean number of changed items in the sources that changed, each weighted by it. As
  long as hardly any source changed its size is not known either, and it leans to a whole source (weight ``4 ** -k``
  after k changed sources).
- *One-sidedness.* What is added makes up for the skewness of few changes of one sign. Where as many were won as lost
  there is none, and it would only widen the interval; so it is weighted by the square of the net change over the gross
  one (the sources' sums over their absolute sums, from 0 to 1).

Scores that are no right or wrong have no natural size of a change: there, as long as at most half of the items
changed, a source that is added changes by as much as the sources' sums of the baseline's scores scatter. Where more
changed, their spread is known from themselves, and it is the clustered t interval.

Coverage in simulation: docs/method.md, ``python -m benchmarks.measurement``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from suite.stats.interval import Estimate

SAME = 1e-6
"""Relative difference of two scores up to which they are the same: the rounding of float32, summed over tokens."""
_FADE = 4.0


class ChangedSource(NamedTuple):
    """A source with a changed item: its items, the sum of their differences, and that of the absolute ones."""

    items: int
    total: float
    moved: float


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """What the interval of a mean difference needs to know of the items.

    Attributes:
        items: all of them.
        sources: how many the items come from; as many as items where these are independent.
        squared_sizes: sum over the sources of their squared number of items.
        changed: the sources with a changed item.
        changed_items: how many items changed.
        squared_changes: sum of the items' squared differences.
        is_binary: whether both arms' scores are all 0 or 1.
        typical: by how much a source's sum would change if it did: its items, where scores are 0 or 1.
    """

    items: int
    sources: int
    squared_sizes: float
    changed: tuple[ChangedSource, ...]
    changed_items: int
    squared_changes: float
    is_binary: bool
    typical: float

    @property
    def independent_sources(self) -> float:
        """Number of sources of equal size that would say as much (Kish 1965, Survey Sampling)."""
        return self.items**2 / self.squared_sizes

    @property
    def design_effect(self) -> float | None:
        """Variance of the mean with its clusters over that without (Kish 1965); None without clusters or changes."""
        if self.sources in (1, self.items) or not self.changed:
            return None
        single = self.squared_changes - self.items * self.value**2
        shared = self.squares_about(self.value) * self.sources / (self.sources - 1)
        return shared / single if single > 0 else None

    @property
    def value(self) -> float:
        """The mean difference."""
        return math.fsum(each.total for each in self.changed) / self.items

    def squares_about(self, mean: float) -> float:
        """Sum over all sources of the squared deviation of their sum from what ``mean`` would give them."""
        unchanged = self.squared_sizes - math.fsum(each.items**2 for each in self.changed)
        return math.fsum((each.total - each.items * mean) ** 2 for each in self.changed) + unchanged * mean**2


def differences_of(
    baseline: Sequence[float], candidate: Sequence[float], clusters: Sequence[int] | None, *, sign: float = 1.0
) -> Differences:
    """Paired differences, candidate less baseline, times ``sign``.

    Args:
        baseline: one finite score an item, at least one.
        candidate: likewise, in the same order.
        clusters: numbers the source of each item; None where items are independent.
        sign: -1 where less is better.
    """
    of = range(len(baseline)) if clusters is None else clusters
    sizes: dict[int, int] = {}
    sums: dict[int, list[float]] = {}
    squares: list[float] = []
    for before, after, source in zip(baseline, candidate, of, strict=True):
        sizes[source] = sizes.get(source, 0) + 1
        difference = sign * (after - before)
        if abs(difference) > SAME * max(abs(before), abs(after)):
            sums.setdefault(source, []).append(difference)
            squares.append(difference**2)
    is_binary = all(value in (0.0, 1.0) for value in (*baseline, *candidate))
    squared = float(sum(size**2 for size in sizes.values()))
    return Differences(
        items=len(baseline),
        sources=len(sizes),
        squared_sizes=squared,
        changed=tuple(
            ChangedSource(sizes[source], math.fsum(found), math.fsum(map(abs, found))) for source, found in sums.items()
        ),
        changed_items=len(squares),
        squared_changes=math.fsum(squares),
        is_binary=is_binary,
        typical=squared / len(baseline) if is_binary else _scatter(baseline, of, sizes),
    )


def _scatter(scores: Sequence[float], sources: Sequence[int], sizes: dict[int, int]) -> float:
    """Root mean square of the sources' sums of deviations from the mean score; the mean score where there are none."""
    mean = math.fsum(scores) / len(scores)
    sums = dict.fromkeys(sizes, 0.0)
    for score, source in zip(scores, sources, strict=True):
        sums[source] += score - mean
    scatter = math.sqrt(math.fsum(total**2 for total in sums.values()) / len(sums))
    return scatter if scatter > SAME * abs(mean) else abs(mean) * len(scores) / len(sums)


def mean_difference(found: Differences) -> Estimate:
    """The mean difference with a standard error that few changes, or none, do not make too small.

    Returns:
        Without standard error for fewer than two sources, which say nothing of others.
    """
    if found.sources < 2:
        return Estimate(found.value, found.value, None, 0.0)
    change, weight = _added(found)
    items = change if found.is_binary else found.squared_sizes / found.items
    total = found.items + 2 * weight * items
    centre = found.value if _is_even(found) else found.value * found.items / total
    added = weight * ((change - items * centre) ** 2 + (change + items * centre) ** 2)
    squares = found.squares_about(centre) + added if not _is_even(found) else 2 * change**2
    error = math.sqrt(squares * found.sources / (found.sources - 1)) / total
    return Estimate(found.value, centre, error, float(found.sources - 1))


def _is_even(found: Differences) -> bool:
    """Whether all items changed, by the same amount: their differences have no spread."""
    return (
        not found.is_binary
        and found.changed_items == found.items
        and found.squares_about(found.value) <= found.squared_sizes * (SAME * found.value) ** 2
    )


def _added(found: Differences) -> tuple[float, float]:
    """By how much each of the two sources that are added changes, and the weight that they have."""
    if _is_even(found):
        return found.typical, 1.0
    if not found.is_binary and 2 * found.changed_items > found.items:
        return 0.0, 0.0
    doubt = _FADE ** -len(found.changed)
    moved = math.fsum(each.moved for each in found.changed) + doubt * found.typical
    change = (math.fsum(each.moved**2 for each in found.changed) + doubt * found.typical**2) / moved if moved else 0.0
    gross = math.fsum(abs(each.total) for each in found.changed)
    one_sidedness = math.fsum(each.total for each in found.changed) / gross if gross else 1.0
    return change, one_sidedness**2
