"""The forest chart: the energy ratio of every technique with its interval."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt

from suite.report.charts import vega
from suite.report.prose.style import LOOKS
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import _, ngettext

WIDE_WIDTH, NARROW_WIDTH = 620, 185
WIDE_ROW, NARROW_ROW = 25, 32
NARROW_CHARACTERS = 19
WIDEST_LETTER = 0.62  # mean width of a letter in a wide sans-serif face, as a share of the font's size
CHANGES = (
    -98,
    -95,
    -90,
    -80,
    -70,
    -60,
    -50,
    -40,
    -30,
    -20,
    -10,
    0,
    10,
    20,
    30,
    50,
    100,
    200,
    300,
    500,
    900,
    1900,
    4900,
)
"""Where the axis may be labelled, in per cent; 0 always is."""
MOST = 60
"""So many points are drawn: the baseline and those that save most."""


def forest_chart(group: Group) -> vega.Chart | None:
    """The chart of ``group``; None where no point has a ratio."""
    entries = [entry for entry in group.ok if entry.point.energy_ratio is not None]
    if not entries:
        return None
    count, entries = len(entries), entries[:MOST]
    return vega.Chart(
        identifier=f"forest-{group.number}",
        description=ngettext(
            "Change of energy per {query} with 95 % interval for {count} point of {task}. "
            "The table of techniques has every figure.",
            "Change of energy per {query} with 95 % interval for {count} points of {task}. "
            "The table of techniques has every figure.",
            count,
        ).format(query=_(group.query), count=text.whole(count), task=group.name),
        wide=_spec(entries, _(group.query), WIDE_WIDTH, WIDE_ROW * len(entries)),
        narrow=_spec(entries, _(group.query), NARROW_WIDTH, NARROW_ROW * len(entries)),
        left_out=count - len(entries),
    )


def _spec(entries: list[Entry], query: str, width: int, height: int) -> dict[str, Any]:
    line = None if width == WIDE_WIDTH else NARROW_CHARACTERS
    rows = [_row(entry, line) for entry in entries]
    dots = [
        {"label": row["label"], "ratio": ratio}
        for row, entry in zip(rows, entries, strict=True)
        for ratio in entry.point.block_energy_ratios
    ]
    values = (
        [row[key] for row in rows for key in ("ratio", "low", "high")] + [dot["ratio"] for dot in dots] + [0.94, 1.06]
    )
    headroom = (max(values) / min(values)) ** 0.04
    axis = vega.Axis(min(values) / headroom, max(values) * headroom, True, ())
    ticks = _ticks(axis, width)
    names = [row["label"] for row in rows]
    x_axis = alt.Axis(
        values=ticks,
        title=_("change of energy per {query}").format(query=query),
        labelExpr=(
            f"datum.value == 1 ? '0 %' : (datum.value < 1 ? '{text.MINUS}' : '+')"
            " + format(abs(datum.value - 1) * 100, '.0f') + ' %'"
        ),
    )
    limit, size = (300, 12) if width == WIDE_WIDTH else (140, 10.5)
    longest = max(len(line) for name in names for line in name.split("\n"))
    y_axis = alt.Axis(
        labelExpr="split(datum.value, '\\n')",
        labelLimit=limit,
        labelFontSize=size,
        minExtent=min(limit, WIDEST_LETTER * size * longest),  # the reader's font may be wider than the one drawn with
        ticks=False,
        domain=False,
    )
    y = alt.Y("label:N", sort=names, title=None, axis=y_axis)
    x = alt.X("ratio:Q", scale=axis.scale(), axis=x_axis)
    colour, shape = vega.verdict_colour(), vega.verdict_shape()
    base = alt.Chart(vega.data(rows)).encode(y=y)
    layers = [
        alt.Chart(vega.data([{"from": 0.95, "to": 1.05}]))
        .mark_rect(opacity=0.14, color="#808080")
        .encode(x=alt.X("from:Q", scale=axis.scale(), axis=x_axis), x2="to:Q"),
        alt.Chart(vega.data([{"ratio": 1}])).mark_rule(color="#808080").encode(x=x),
        alt.Chart(vega.data(dots)).mark_tick(opacity=0.35, size=9, thickness=1, color="#808080").encode(x=x, y=y),
        base.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q", axis=x_axis), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=85, opacity=1).encode(x=x, color=colour, shape=shape, tooltip=_tooltip()),
    ]
    return vega.specification(layers, width, height)


def _row(entry: Entry, line: int | None) -> dict[str, Any]:
    """``line`` is the number of characters at which the label breaks; None for one line."""
    point = entry.point
    return {
        "label": entry.label if line is None else "\n".join(textwrap.wrap(entry.label, line)[:2]),
        "technique": entry.label,
        "verdict": point.claim,
        "outcome": _(LOOKS[point.claim].words),
        "ratio": point.energy_ratio,
        "low": point.energy_ratio if point.energy_ratio_low is None else point.energy_ratio_low,
        "high": point.energy_ratio if point.energy_ratio_high is None else point.energy_ratio_high,
        "change": f"{text.change(point.energy_ratio)} "
        f"{text.change_interval(point.energy_ratio_low, point.energy_ratio_high)}",
    }


def _ticks(axis: vega.Axis, width: int) -> list[float]:
    """As many of ``CHANGES`` as fit without touching, from 0 outwards."""
    kept = [1.0]
    candidates = sorted((1 + change / 100 for change in CHANGES), key=lambda ratio: abs(ratio - 1))
    for ratio in candidates:
        in_view = axis.low <= ratio <= axis.high
        if in_view and all(abs(axis.share(ratio) - axis.share(other)) * width >= 44 for other in kept):
            kept.append(ratio)
    return sorted(kept)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("technique:N", title=_("technique")),
        alt.Tooltip("outcome:N", title=_("verdict")),
        alt.Tooltip("change:N", title=_("energy")),
    ]
