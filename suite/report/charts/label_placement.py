"""Places the names of points in a chart so that they cover neither each other nor a point, and intervals seldom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

GLYPH_WIDTH = 6.8
"""Mean width of a character at 11 px, in pixels, in a wide sans-serif face: the reader's font may be one."""
LINE_HEIGHT = 13.0
POINT_RADIUS, RING_RADIUS = 6.0, 9.5
"""Of a point, and of the ring around one on the front."""
REACHES = (9.0, 17.0, 27.0, 40.0)
LEADER_FROM = 18.0
"""A name so far above or below its dot gets a line to it."""


class Dot(NamedTuple):
    """A point in pixels, y downwards, with its name; ``weight`` decides who is placed first."""

    x: float
    y: float
    name: str
    weight: int
    radius: float


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether the two overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)


def place(dots: Sequence[Dot], bars: Sequence[Box], width: float, height: float) -> list[tuple[float, float] | None]:
    """The centre of each dot's name in pixels, or None where there is no free place near it.

    Greedy, heaviest first: the first free one of eight places around the dot, then farther out; one that crosses
    ``bars``, the intervals, only where no other is free.
    """
    taken = [Box(dot.x - dot.radius, dot.y - dot.radius, dot.x + dot.radius, dot.y + dot.radius) for dot in dots]
    centres: list[tuple[float, float] | None] = [None] * len(dots)
    for index in sorted(range(len(dots)), key=lambda i: (-dots[i].weight, i)):
        free = [
            (centre, box)
            for centre, box in _places(dots[index])
            if box.left >= 0 and box.right <= width and box.top >= 0 and box.bottom <= height
            if not any(box.meets(other) for other in taken)
        ]
        clear = (place for place in free if not any(place[1].meets(bar) for bar in bars))
        chosen = next(clear, free[0] if free else None)
        if chosen is not None:
            centres[index] = chosen[0]
            taken.append(chosen[1])
    return centres


def _places(dot: Dot) -> list[tuple[tuple[float, float], Box]]:
    half = len(dot.name) * GLYPH_WIDTH / 2
    centres = []
    for reach in REACHES:
        side = half + reach
        centres += [
            (dot.x + side, dot.y),
            (dot.x - side, dot.y),
            (dot.x, dot.y - reach - 5),
            (dot.x, dot.y + reach + 5),
        ]
        centres += [(dot.x + sx * (half + 4), dot.y + sy * (reach + 3)) for sx in (1, -1) for sy in (-1, 1)]
    return [((x, y), Box(x - half, y - LINE_HEIGHT / 2, x + half, y + LINE_HEIGHT / 2)) for x, y in centres]
