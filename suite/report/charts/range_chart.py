"""Changes side by side, a row each: dots with the range they stand for, on one axis of changes in per cent."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from suite.report.charts import vega
from suite.report.charts.change_axis import change_axis, change_scale
from suite.report.charts.multiple_axis import multiple_axis, multiple_scale
from suite.report.charts.row_labels import row_axis, row_place

WIDE_WIDTH, NARROW_WIDTH = 560, 175
WIDE_ROW, NARROW_ROW = 22, 30
GREY = "#808080"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """What a row is, in chart and legend. ``path`` draws ``shape`` in a box from -1 to 1; ``words`` are marked."""

    words: str
    filled: bool
    colour: str
    shape: str
    path: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One row: ratios that are dots, and the ends of a line through them, None where there is none."""

    label: str
    kind: str
    dots: tuple[float, ...]
    low: float | None = None
    high: float | None = None


def range_chart(
    *,
    identifier: str,
    description: str,
    title: str,
    rows: Sequence[Row],
    kinds: Mapping[str, Kind],
    left_out: int = 0,
    multiples: bool = False,
) -> vega.Chart:
    """The chart of ``rows``, at least one, from top to bottom; their ratios read as changes, or as ``multiples``."""
    return vega.Chart(
        identifier=identifier,
        description=description,
        wide=_spec(title, rows, kinds, is_wide=True, multiples=multiples),
        narrow=_spec(title, rows, kinds, is_wide=False, multiples=multiples),
        left_out=left_out,
    )


def _spec(
    title: str, rows: Sequence[Row], kinds: Mapping[str, Kind], *, is_wide: bool, multiples: bool
) -> dict[str, Any]:
    width = WIDE_WIDTH if is_wide else NARROW_WIDTH
    dots: list[dict[str, Any]] = [
        {"row": n, "kind": row.kind, "ratio": ratio} for n, row in enumerate(rows) for ratio in row.dots
    ]
    lines: list[dict[str, Any]] = [
        {"row": n, "kind": row.kind, "low": row.low, "high": row.high}
        for n, row in enumerate(rows)
        if row.low is not None and row.high is not None
    ]
    ratios = [dot["ratio"] for dot in dots] + [line[end] for line in lines for end in ("low", "high")]
    scale = multiple_scale(ratios) if multiples else change_scale(ratios)
    axis = multiple_axis(scale, title) if multiples else change_axis(scale, width, title)
    x = alt.X("ratio:Q", scale=scale.scale(), axis=axis)
    y = row_place(len(rows), row_axis([row.label for row in rows], is_wide=is_wide))
    colours = alt.Scale(domain=list(kinds), range=[kind.colour for kind in kinds.values()])
    shapes = alt.Scale(domain=list(kinds), range=[kind.shape for kind in kinds.values()])
    look = {"color": alt.Color("kind:N", scale=colours, legend=None)}
    layers = [
        alt.Chart(vega.data([{"ratio": 1}])).mark_rule(color=GREY).encode(x=x),
        alt.Chart(vega.data(lines))
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=scale.scale(), axis=axis), x2="high:Q", y=y, **look),
    ]
    for filled in (True, False):
        chosen = [dot for dot in dots if kinds[dot["kind"]].filled is filled]
        if chosen:
            points = alt.Chart(vega.data(chosen)).mark_point(filled=filled, size=75, opacity=1, strokeWidth=1.8)
            layers.append(points.encode(x=x, y=y, shape=alt.Shape("kind:N", scale=shapes, legend=None), **look))
    return vega.specification(layers, width, len(rows) * (WIDE_ROW if is_wide else NARROW_ROW))
