"""Energy per query over one number of the configuration, both axes logarithmic."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import altair as alt

from suite.analysis.run.power_law import Curve, Family
from suite.analysis.summary import PointSummary
from suite.record.dotted_keys import flatten
from suite.report.charts import vega
from suite.text import numbers as text
from suite.text.i18n import N_, _

MOST_CURVES = 12
"""So many techniques are drawn beside the baseline."""
WIDE, NARROW = (640, 300), (240, 240)
KNOBS = {
    "batch_size": N_("batch size"),
    "prompt_tokens": N_("prompt tokens"),
    "new_tokens": N_("new tokens"),
    "text_length": N_("text length"),
    "image_size": N_("image size"),
    "frames": N_("frames"),
    "height": N_("height in pixels"),
    "width": N_("width in pixels"),
    "steps": N_("denoising steps"),
    "query_count": N_("distinct queries"),
}
"""Knobs that have a name; others are called by their key."""
BASELINE_COLOUR = "#808080"
COLOURS = ("#2f7fd1", "#c77700", "#138a5e", "#d0405a", "#8b6fc0", "#a0672f")
_ROUND = (1, 3, 2, 5, 7, 1.5, 4, 6)
FEWEST_TICKS = 3
_FINE = tuple(tenths / 10 for tenths in range(10, 100))
SHAPES = ("square", "diamond", "triangle-up", "triangle-down", "cross", "circle")


def knob_words(knob: str) -> str:
    """A knob as people call it."""
    return _(KNOBS[knob]) if knob in KNOBS else text.words(knob.replace(".", " "))


def curve_names(curves: Sequence[Curve]) -> list[str]:
    """Names of the techniques, with their parameters where one technique has several curves."""
    points = [curve.technique for curve in curves]
    twins = Counter(point.mitigation for point in points if point)
    return [_curve_name(point, twins) for point in points]


def _curve_name(point: PointSummary | None, twins: Counter[str]) -> str:
    if point is None:
        return _("baseline")
    name = text.words(point.mitigation)
    if twins[point.mitigation] == 1:
        return name
    params = [pair for use in point.mitigations for pair in flatten(use["params"]).items()]
    return f"{name} ({', '.join(f'{text.words(key)} {text.value(value)}' for key, value in params)})"


def scaling_chart(number: int, family: Family) -> vega.Chart:
    """The chart of the ``number``-th family of the page: the baseline and the first techniques."""
    drawn = family.curves[: MOST_CURVES + 1]
    names = curve_names(family.curves)[: len(drawn)]
    return vega.Chart(
        identifier=f"scaling-{number}",
        description=_(
            "Energy per query against {knob}, both logarithmic: {curves}. The table below has every figure."
        ).format(knob=knob_words(family.knob), curves=", ".join(names)),
        wide=_spec(family, drawn, names, *WIDE),
        narrow=_spec(family, drawn, names, *NARROW),
    )


def _spec(family: Family, curves: Sequence[Curve], names: Sequence[str], width: int, height: int) -> dict[str, Any]:
    energies = [reading.energy_j.estimate for curve in curves for reading in curve.readings]
    unit = text.scale_for(energies, text.ENERGY_SCALES)
    rows = [row for curve, name in zip(curves, names, strict=True) for row in _rows(curve, name, unit)]
    values = sorted({row["value"] for row in rows})
    x_axis = alt.Axis(values=values, format=".6~g", labelOverlap="greedy", title=knob_words(family.knob))
    y_scale = _log_scale([row[key] for row in rows for key in ("energy", "low", "high")])
    y_axis = alt.Axis(values=_ticks(y_scale, height), format=".6~g", title=_energy_title(family.example, unit))
    place = {
        "x": alt.X("value:Q", scale=_log_scale(values).scale(), axis=x_axis),
        "y": alt.Y("energy:Q", scale=y_scale.scale(), axis=y_axis),
        "low": alt.Y("low:Q", scale=y_scale.scale(), axis=y_axis),
    }
    return vega.specification(_marks(rows, names, place, columns=width // 200), width, height)


def _rows(curve: Curve, name: str, unit: text.Scale) -> list[dict[str, Any]]:
    """What has no interval gets one without width, which does not show."""
    rows = []
    for reading in curve.readings:
        energy = reading.energy_j.through(lambda joules: joules / unit.size)
        rows.append(
            {
                "curve": name,
                "value": reading.value,
                "joined": reading.joined,
                "energy": energy.estimate,
                "low": energy.estimate if energy.low is None else energy.low,
                "high": energy.estimate if energy.high is None else energy.high,
            }
        )
    return rows


def _marks(rows: list[dict[str, Any]], names: Sequence[str], place: dict[str, Any], *, columns: int) -> list[Any]:
    """Lines, intervals, full points, and hollow ones for readings that were joined."""
    legend = alt.Legend(
        title=None, orient="bottom", columns=max(1, columns), columnPadding=20, labelLimit=240, labelFontSize=11
    )
    colours = [BASELINE_COLOUR, *(COLOURS[index % len(COLOURS)] for index in range(len(names) - 1))]
    shapes = ["circle", *(SHAPES[index % len(SHAPES)] for index in range(len(names) - 1))]
    dashes = [[1, 0], *([1, 0] if index < len(COLOURS) else [5, 3] for index in range(len(names) - 1))]
    colour = alt.Color("curve:N", scale=alt.Scale(domain=names, range=colours), legend=legend)
    shape = alt.Shape("curve:N", scale=alt.Scale(domain=names, range=shapes), legend=legend)
    dash = alt.StrokeDash("curve:N", scale=alt.Scale(domain=names, range=dashes), legend=None)
    base = alt.Chart(vega.data(rows)).encode(x=place["x"], color=colour)
    layers = [
        base.mark_line(strokeWidth=1.8, opacity=0.8).encode(y=place["y"], strokeDash=dash),
        base.mark_rule(strokeWidth=1.6, opacity=0.7).encode(y=place["low"], y2="high:Q"),
    ]
    for joined in (False, True):
        chosen = [row for row in rows if row["joined"] is joined]
        if chosen:
            points = alt.Chart(vega.data(chosen)).mark_point(filled=not joined, size=70, opacity=1, strokeWidth=1.8)
            layers.append(points.encode(x=place["x"], y=place["y"], color=colour, shape=shape))
    return layers


def _energy_title(example: PointSummary, unit: text.Scale) -> str:
    words = _("energy per training sample, {unit}") if example.is_per_sample else _("energy per query, {unit}")
    basis = "" if example.energy_basis == "measured" else f" ({text.words(example.energy_basis or '')})"
    return words.format(unit=_(unit.unit)) + basis


def _log_scale(values: Sequence[float]) -> vega.Axis:
    """Logarithmic however near the ends are: a power law is a straight line there."""
    low, high = min(values), max(values)
    headroom = (high / low) ** 0.07 if high > low else 1.1
    return vega.Axis(low / headroom, high * headroom, True, ())


def _ticks(scale: vega.Axis, pixels: int) -> list[float]:
    """Round values that stand 34 pixels apart; finer ones where there are few of them."""
    found = _spread(_ROUND, scale, pixels)
    return found if len(found) >= FEWEST_TICKS else _spread(_FINE, scale, pixels)


def _spread(mantissas: Sequence[float], scale: vega.Axis, pixels: int) -> list[float]:
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    kept: list[float] = []
    for value in (mantissa * 10.0**power for mantissa in mantissas for power in powers):
        apart = all(abs(scale.share(value) - scale.share(other)) * pixels >= 34 for other in kept)
        if scale.low <= value <= scale.high and apart:
            kept.append(value)
    return sorted(kept)
