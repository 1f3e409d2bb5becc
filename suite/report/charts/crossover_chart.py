"""Which side of no change each technique is on, over the batch size: a strip each, with its crossovers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from suite.analysis.point.energy import Basis
from suite.analysis.run.crossover import CrossoverMap, Row
from suite.report.charts import vega
from suite.report.charts.hatching import texture
from suite.report.charts.row_labels import row_axis, row_place
from suite.report.prose.style import LOOKS
from suite.text import numbers as text
from suite.text.i18n import _, ngettext

MOST_ROWS = 40
WIDE_WIDTH, NARROW_WIDTH = 560, 175
WIDE_ROW, NARROW_ROW = 26, 32
SAVES_COLOUR, COSTS_COLOUR, UNRESOLVED_COLOUR = LOOKS["saves"].colour, LOOKS["costs-energy"].colour, "#808080"
CROSSOVER_COLOUR = "#2f7fd1"
HOLLOW = 0.16
"""Opacity of what costs energy, which has an outline: to be told from what saves without its colour."""
_DIAMOND = 120
_ROOM = 1.12


def crossover_chart(
    number: int, found: CrossoverMap, labels: Sequence[str], title: str, basis: Basis
) -> vega.Chart | None:
    """The chart of the ``number``-th map of the page, whose rows go by ``labels``; None where no row has a strip."""
    strips = [(label, row) for label, row in zip(labels, found.rows, strict=True) if row.stretches]
    if not strips:
        return None
    drawn, identifier = strips[:MOST_ROWS], f"crossover-{number}"
    return vega.Chart(
        identifier=identifier,
        description=ngettext(
            "Where {count} technique saves and where it costs energy over the batch size: {title}. "
            "The table below has every figure.",
            "Where {count} techniques save and where they cost energy over the batch size: {title}. "
            "The table below has every figure.",
            len(drawn),
        ).format(count=text.whole(len(drawn)), title=title),
        wide=_spec(f"{identifier}-wide", drawn, basis, is_wide=True),
        narrow=_spec(f"{identifier}-narrow", drawn, basis, is_wide=False),
        left_out=len(strips) - len(drawn),
    )


def _spec(drawing: str, strips: Sequence[tuple[str, Row]], basis: Basis, *, is_wide: bool) -> dict[str, Any]:
    sizes = sorted({cell.batch_size for _label, row in strips for cell in row.cells if cell.ratio})
    scale = alt.Scale(type="log", domain=[sizes[0] / _ROOM, sizes[-1] * _ROOM], nice=False)
    words = "" if basis == "measured" else f" ({text.words(basis)})"
    axis = alt.Axis(values=sizes, format=".6~g", labelOverlap="greedy", title=_("batch size of both arms") + words)
    y = row_place(len(strips), row_axis([label for label, _row in strips], is_wide=is_wide))
    width = WIDE_WIDTH if is_wide else NARROW_WIDTH
    layers = _strips(
        [row for _label, row in strips], alt.X("low:Q", scale=scale, axis=axis), y, texture(basis, drawing)
    )
    crossovers = [
        {"row": number, "size": crossing.estimate}
        for number, (_label, row) in enumerate(strips)
        for crossing in row.crossings
        if crossing.is_resolved and crossing.estimate is not None
    ]
    diamonds = alt.Chart(vega.data(crossovers)).mark_point(
        shape="diamond", filled=True, size=_DIAMOND, opacity=1, color=CROSSOVER_COLOUR
    )
    layers.append(diamonds.encode(x=alt.X("size:Q", scale=scale, axis=axis), y=y))
    return vega.specification(layers, width, len(strips) * (WIDE_ROW if is_wide else NARROW_ROW))


def _strips(rows: Sequence[Row], x: alt.X, y: alt.Y, fill: str | None) -> list[Any]:
    """Full bars where a technique saves, hollow ones where it costs energy, dashes where neither is resolved."""
    sides: dict[str, list[dict[str, Any]]] = {"below": [], "above": [], "unresolved": []}
    for number, row in enumerate(rows):
        for stretch in row.stretches:
            sides[stretch.side].append({"row": number, "low": stretch.low, "high": stretch.high})
    bar: dict[str, Any] = {"height": {"band": 0.6}, "opacity": 1}
    place = {"x": x, "x2": "high:Q", "y": y}
    layers = [
        alt.Chart(vega.data(sides["below"])).mark_bar(**bar, color=SAVES_COLOUR).encode(**place),
        alt.Chart(vega.data(sides["above"]))
        .mark_bar(**bar, fill=COSTS_COLOUR, fillOpacity=HOLLOW, stroke=COSTS_COLOUR, strokeWidth=1.4)
        .encode(**place),
        alt.Chart(vega.data(sides["unresolved"]))
        .mark_rule(color=UNRESOLVED_COLOUR, strokeWidth=2.5, strokeDash=[2, 3])
        .encode(**place),
    ]
    if fill:
        layers.insert(1, alt.Chart(vega.data(sides["below"])).mark_bar(**bar, color=fill).encode(**place))
    return layers
