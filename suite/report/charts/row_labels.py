"""Names down the side of a chart whose rows are numbered, so that two rows may have the same name."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

import altair as alt

WIDEST_LETTER = 0.62
"""Mean width of a letter in a wide sans-serif face, as a share of the font's size."""
NARROW_CHARACTERS = 19


def row_axis(names: Sequence[str], *, is_wide: bool) -> alt.Axis:
    """Labels of the rows 0, 1, …; in the narrow chart broken into two lines at most."""
    limit, size = (300.0, 12.0) if is_wide else (140.0, 10.5)
    lines = list(names) if is_wide else ["\n".join(textwrap.wrap(name, NARROW_CHARACTERS)[:2]) for name in names]
    longest = max((len(line) for name in lines for line in name.split("\n")), default=0)
    return alt.Axis(
        labelExpr=f"split({json.dumps(lines)}[datum.value], '\\n')",
        labelLimit=limit,
        labelFontSize=size,
        minExtent=min(limit, WIDEST_LETTER * size * longest),  # the reader's font may be wider than the one drawn with
        ticks=False,
        domain=False,
    )


def row_place(count: int, axis: alt.Axis | None) -> alt.Y:
    """The rows from top to bottom, by the field ``row``; without names for an ``axis`` of None."""
    return alt.Y("row:O", scale=alt.Scale(domain=list(range(count))), title=None, axis=axis)
