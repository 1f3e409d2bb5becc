"""Figures times a number and figures summed, their intervals with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from suite.carbon.quantity import Figure


def scaled(figure: Figure, factor: float, **changes: Any) -> Figure:
    """``figure`` and its interval times a number of 0 or more; ``changes`` replace its other fields."""
    low, high = (None if end is None else end * factor for end in (figure.low, figure.high))
    return msgspec.structs.replace(figure, value=figure.value * factor, low=low, high=high, **changes)


def ratioed(figure: Figure, ratio: Figure, source: str) -> Figure:
    """A figure times a ratio, with the ratio's interval; the figure is taken as certain."""
    low, high = (None if end is None else figure.value * end for end in (ratio.low, ratio.high))
    return msgspec.structs.replace(
        figure, value=figure.value * ratio.value, low=low, high=high, tag="modelled", source=source, year=ratio.year
    )


def summed(figures: Sequence[Figure], source: str) -> Figure:
    """The sum, as new as its oldest part.

    Its interval adds all low ends and all high ends, as if the parts erred together: no narrower than the truth.
    A part without an interval is taken as certain; a sum of such parts alone has none.
    """
    has_interval = any(figure.low is not None and figure.high is not None for figure in figures)
    low = math.fsum(figure.value if figure.low is None else figure.low for figure in figures)
    high = math.fsum(figure.value if figure.high is None else figure.high for figure in figures)
    return Figure(
        value=math.fsum(figure.value for figure in figures),
        low=low if has_interval else None,
        high=high if has_interval else None,
        unit=figures[0].unit,
        tag="modelled",
        source=source,
        year=min(figure.year for figure in figures),
    )
