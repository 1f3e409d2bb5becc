"""Where a ratio that was measured at several sizes crosses 1, with the interval of that size.

Between two measured sizes the log ratio is taken to be a straight line over the log size. Its 95 % band is recovered
from the intervals of the two readings by squaring and adding (MOVER: Zou and Donner 2008, doi:10.1002/sim.3095), for
readings that are independent and intervals that need not be symmetric. The interval of the crossing is the set of
sizes whose band holds a ratio of 1, as Fieller's is for the root of a straight line (Fieller 1954,
doi:10.1111/j.2517-6161.1954.tb00159.x): a size at which the ratio truly is 1 lies in it with the band's probability.

Nothing is said beyond the sizes that were measured. A side of 1 is claimed only over a stretch that holds a reading
which is on that side by itself: between two readings the band is narrower than at either, on the strength of the
straight line alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from suite.stats.interval import Interval

Side = Literal["below", "above", "unresolved"]
ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """A ratio at one size. Both are above 0, and so are the ends of the ratio's interval."""

    size: float
    ratio: Interval

    def __post_init__(self) -> None:
        """Refuses what has no logarithm.

        Raises:
            ValueError: a figure is not above 0 or not finite.
        """
        figures = (self.size, self.ratio.estimate, *self.ratio.ends)
        if not all(math.isfinite(figure) and figure > 0 for figure in figures):
            raise ValueError(f"size, ratio and both ends must be above 0 and finite, got {figures}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stretch:
    """Sizes from ``low`` to ``high`` over which the band lies on one side of 1, or holds it (``unresolved``)."""

    side: Side
    low: float
    high: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crossing:
    """An unresolved stretch, seen as the interval of a crossing.

    Attributes:
        estimate: the size at which the interpolated ratio is 1; None where it is so nowhere in the stretch, or at
            several sizes.
        low: lower end of the 95 % interval; None where that lies below the smallest size measured.
        high: upper end; None where it lies beyond the largest.
        before: the side at smaller sizes; None at the smallest.
        after: the side at larger sizes; None at the largest.
    """

    estimate: float | None
    low: float | None
    high: float | None
    before: Side | None
    after: Side | None

    @property
    def is_resolved(self) -> bool:
        """Whether the ratio is on one side of 1 before and on the other after it."""
        return self.before is not None and self.after is not None and self.before != self.after


def side_of(ratio: Interval, floor: float = 0.0) -> Side:
    """The side of 1 on which the whole interval lies.

    Args:
        ratio: with its interval.
        floor: relative change that counts as none: the systematic error of the instrument, which no interval holds.
    """
    low, high = ratio.ends
    if high < 1 / (1 + floor):
        return "below"
    return "above" if low > 1 + floor else "unresolved"


def stretches(readings: Sequence[Reading], floor: float = 0.0) -> tuple[Stretch, ...]:
    """The sizes measured, from the smallest to the largest, cut where the band enters or leaves 1.

    Args:
        readings: in any order, of different sizes.
        floor: as of ``side_of``.

    Returns:
        Neighbours differ in their side, and between two sides of 1 there is always an unresolved stretch, if without
        width. Empty for fewer than two readings.
    """
    ordered = sorted(readings, key=lambda reading: reading.size)
    if len(ordered) < 2:
        return ()
    pieces = [_alone(ordered[0], floor)]
    for left, right in pairwise(ordered):
        pieces += [*_pieces(left, right, floor), _alone(right, floor)]
    resolved = [reading.size for reading in ordered if side_of(reading.ratio, floor) != "unresolved"]
    shown = [
        piece
        if any(piece.low <= size <= piece.high for size in resolved)
        else dataclasses.replace(piece, side="unresolved")
        for piece in _joined(pieces)
    ]
    return tuple(_parted(_joined(shown)))


def crossings(readings: Sequence[Reading], floor: float = 0.0) -> tuple[Crossing, ...]:
    """Every unresolved stretch as a crossing, by rising size; see ``Crossing.is_resolved`` for those that are."""
    found = stretches(readings, floor)
    zeros = _zeros(sorted(readings, key=lambda reading: reading.size))
    made = []
    for index, stretch in enumerate(found):
        if stretch.side != "unresolved":
            continue
        before = found[index - 1].side if index > 0 else None
        after = found[index + 1].side if index + 1 < len(found) else None
        inside = [zero for zero in zeros if stretch.low <= zero <= stretch.high]
        made.append(
            Crossing(
                estimate=inside[0] if len(inside) == 1 else None,
                low=None if before is None else stretch.low,
                high=None if after is None else stretch.high,
                before=before,
                after=after,
            )
        )
    return tuple(made)


def _alone(reading: Reading, floor: float) -> Stretch:
    """A reading by itself: unresolved, it is so even where the band on either side of it is not."""
    return Stretch(side=side_of(reading.ratio, floor), low=reading.size, high=reading.size)


def _pieces(left: Reading, right: Reading, floor: float) -> list[Stretch]:
    """The sizes between two readings, cut at every root of either edge of the band."""
    cuts = sorted({0.0, 1.0, *_roots(left, right, "low", floor), *_roots(left, right, "high", floor)})
    sizes = [_size(left, right, cut) for cut in cuts]
    sizes[0], sizes[-1] = left.size, right.size  # exact, so that neighbours join and readings are found in them
    return [
        Stretch(side=_side_at(left, right, (first + second) / 2, floor), low=low, high=high)
        for (first, second), (low, high) in zip(pairwise(cuts), pairwise(sizes), strict=True)
    ]


def _size(left: Reading, right: Reading, share: float) -> float:
    """The size at a share of the way from ``left`` to ``right``, on a logarithmic axis."""
    return float(left.size * (right.size / left.size) ** share)


def _side_at(left: Reading, right: Reading, share: float, floor: float) -> Side:
    """The side of the band at a share of the way."""
    a, b = _log(left.ratio), _log(right.ratio)
    middle = (1 - share) * a.estimate + share * b.estimate
    (a_low, a_high), (b_low, b_high) = a.ends, b.ends
    down = math.hypot((1 - share) * (a.estimate - a_low), share * (b.estimate - b_low))
    up = math.hypot((1 - share) * (a_high - a.estimate), share * (b_high - b.estimate))
    return side_of(Interval(math.exp(middle), math.exp(middle - down), math.exp(middle + up)), floor)


def _roots(left: Reading, right: Reading, end: Literal["low", "high"], floor: float) -> list[float]:
    """Shares of the way, between 0 and 1, at which an edge of the band meets the edge of what counts as no change.

    Squaring ``middle - target = reach`` adds the roots of the other edge, which cut a piece in two of one side.
    """
    a, b = _log(left.ratio), _log(right.ratio)
    target = math.log1p(floor) * (1 if end == "low" else -1)
    reach_a, reach_b = abs(getattr(a, end) - a.estimate), abs(getattr(b, end) - b.estimate)
    start, slope = a.estimate - target, b.estimate - a.estimate
    quadratic = slope**2 - reach_a**2 - reach_b**2
    linear = 2 * (start * slope + reach_a**2)
    constant = start**2 - reach_a**2
    return [root for root in _real_roots(quadratic, linear, constant) if 0 < root < 1]


def _real_roots(a: float, b: float, c: float) -> list[float]:
    """Real roots of ``a x^2 + b x + c``, by the form that does not cancel; a double one in spite of rounding."""
    discriminant = b * b - 4 * a * c
    if discriminant < -ROUNDING * b * b:
        return []
    q = -(b + math.copysign(math.sqrt(max(discriminant, 0.0)), b)) / 2
    return [above / below for above, below in ((q, a), (c, q)) if below != 0]


def _joined(pieces: Sequence[Stretch]) -> list[Stretch]:
    """Neighbours of one side made one."""
    joined: list[Stretch] = []
    for piece in pieces:
        if joined and joined[-1].side == piece.side:
            joined[-1] = dataclasses.replace(joined[-1], high=piece.high)
        else:
            joined.append(piece)
    return joined


def _parted(pieces: Sequence[Stretch]) -> list[Stretch]:
    """An unresolved stretch without width where the sides meet, as intervals without width make them."""
    parted: list[Stretch] = []
    for piece in pieces:
        if parted and "unresolved" not in (parted[-1].side, piece.side):
            parted.append(Stretch(side="unresolved", low=piece.low, high=piece.low))
        parted.append(piece)
    return parted


def _zeros(ordered: Sequence[Reading]) -> list[float]:
    """Sizes at which the interpolated ratio passes 1; a reading of exactly 1 counts once."""
    zeros = []
    for left, right in pairwise(ordered):
        a, b = math.log(left.ratio.estimate), math.log(right.ratio.estimate)
        if a * b < 0:
            zeros.append(_size(left, right, a / (a - b)))
    return sorted([*zeros, *(reading.size for reading in ordered if reading.ratio.estimate == 1)])


def _log(ratio: Interval) -> Interval:
    return ratio.through(math.log)
