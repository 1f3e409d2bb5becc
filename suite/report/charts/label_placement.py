"""Places the names of points in a chart so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

GLYPH_WIDTH = 5.9
"""Mean width of a character at 11 px, in pixels; a little generous."""
LINE_HEIGHT = 12.0
POINT_RADIUS = 6.0
REACHES = (9.0, 17.0, 27.0, 40.0)
LEADER_FROM = 18.0
"""A name so far above or below its dot gets a line to it."""


class Dot(NamedTuple):
    """A point in pixels, y downwards, with its name; ``weight`` decides who is placed first."""

    x: float
    y: float
    name: str
    weight: int


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


def place(dots: Sequence[Dot], width: float, height: float) -> list[tuple[float, float] | None]:
    """The centre of each dot's name in pixels, or None where there is no free place near it.

    Greedy, heaviest first: the first free one of eight places around the dot, then farther out.
    """
    taken = [
        Box(dot.x - POINT_RADIUS, dot.y - POINT_RADIUS, dot.x + POINT_RADIUS, dot.y + POINT_RADIUS) for dot in dots
    ]
    centres: list[tuple[float, float] | None] = [None] * len(dots)
    for index in sorted(range(len(dots)), key=lambda i: (-dots[i].weight, i)):
        for centre, box in _places(dots[index]):
            inside = box.left >= 0 and box.right <= width and box.top >= 0 and box.bottom <= height
            if inside and not any(box.meets(other) for other in taken):
                centres[index] = centre
                taken.append(box)
                break
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
