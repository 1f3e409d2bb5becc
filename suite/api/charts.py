"""Charts of results: a dot a block, the estimate as a line, and its interval as a band."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from suite.stats.interval import Interval

WIDTH, HEIGHT = 480, 240
GREY = "#808080"


def energy_chart(energies_j: Sequence[float], energy: Interval, title: str) -> alt.LayerChart:
    """Joules per query."""
    return _chart(energies_j, energy, title, "energy per query (J)")


def ratio_chart(ratios: Sequence[float], ratio: Interval, title: str) -> alt.LayerChart:
    """Ratios, beside a line at 1, where there is no change."""
    no_change = alt.Chart(alt.InlineData([{"value": 1}])).mark_rule(color=GREY, strokeDash=[4, 4])
    return _chart(ratios, ratio, title, "energy per query, ratio", no_change.encode(y="value:Q"))


def _chart(values: Sequence[float], found: Interval, title: str, axis: str, *beside: alt.Chart) -> alt.LayerChart:
    rows = [{"block": number, "value": value} for number, value in enumerate(values, 1)]
    y = alt.Y("value:Q", title=axis, scale=alt.Scale(zero=False))
    dots = alt.Chart(alt.InlineData(rows)).mark_point(filled=True, size=60).encode(x="block:O", y=y)
    line = alt.Chart(alt.InlineData([{"value": found.estimate}])).mark_rule(strokeWidth=2).encode(y=y)
    layers = [dots, line, *beside]
    if found.low is not None and found.high is not None:
        ends = alt.InlineData([{"low": found.low, "high": found.high}])
        band = alt.Chart(ends).mark_rect(opacity=0.2).encode(y=alt.Y("low:Q", title=axis), y2="high:Q")
        layers.insert(0, band)
    return alt.LayerChart(layer=layers, title=title, width=WIDTH, height=HEIGHT)
