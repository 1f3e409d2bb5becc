"""The score of held-out samples over the joules that training has taken so far, of the baseline and of techniques."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import altair as alt

from suite.analysis.run.training import Spent, spent_course
from suite.analysis.summary import PointSummary
from suite.report.charts import vega
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import _

MOST_CURVES = 6
"""So many techniques are drawn beside the baseline."""
WIDE, NARROW = (640, 280), (240, 240)
BASELINE_COLOUR = "#808080"
COLOURS = ("#2f7fd1", "#c77700", "#138a5e", "#d0405a", "#8b6fc0", "#a0672f")
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "stroke")
Curve = tuple[str, tuple[Spent, ...]]


def training_chart(group: Group) -> vega.Chart | None:
    """The chart of ``group``; None where no point of it has a course with its energy."""
    curves = curves_of(group.ok)
    if not curves:
        return None
    words = _("Score of held-out samples against the energy spent on training, for {task}: {curves}.")
    target = group.ok[0].point.training_target_score
    return vega.Chart(
        identifier=f"training-{group.number}",
        description=words.format(task=group.name, curves=", ".join(name for name, _spent in curves)),
        wide=_spec(curves, group.ok[0].point, target, *WIDE),
        narrow=_spec(curves, group.ok[0].point, target, *NARROW),
        left_out=max(0, len(_techniques(group.ok)) - MOST_CURVES),
    )


def curves_of(entries: Sequence[Entry]) -> list[Curve]:
    """The baseline's course, as the first point has it, and those of the first techniques."""
    with_course = [entry for entry in entries if spent_course(entry.point, "baseline")]
    if not with_course:
        return []
    curves = [(_("baseline"), spent_course(with_course[0].point, "baseline"))]
    for entry in _techniques(with_course)[:MOST_CURVES]:
        curves.append((entry.label, spent_course(entry.point, "candidate")))
    return [(name, course) for name, course in curves if course]


def _techniques(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.point.mitigation != "none"]


def _spec(
    curves: Sequence[Curve], example: PointSummary, target: float | None, width: int, height: int
) -> dict[str, Any]:
    unit = text.scale_for([spent.energy_j for _name, course in curves for spent in course], text.ENERGY_SCALES)
    rows: list[dict[str, Any]] = [
        {"curve": name, "energy": spent.energy_j / unit.size, "score": spent.score}
        for name, course in curves
        for spent in course
    ]
    energies = [0.0, *(row["energy"] for row in rows)]
    scores = [row["score"] for row in rows] + ([] if target is None else [target])
    place = {
        "x": _x(_from_nought(energies, width), example, unit),
        "y": _y(vega.axis_over(scores, height, allow_log=False), example),
    }
    layers = _lines(rows, [name for name, _course in curves], place, columns=max(1, width // 200))
    if target is not None:
        rule = alt.Chart(vega.data([{"score": target}])).mark_rule(strokeDash=[4, 4], color=BASELINE_COLOUR)
        layers.append(rule.encode(y=place["y"]))
    return vega.specification(layers, width, height)


def _from_nought(energies: Sequence[float], width: int) -> vega.Axis:
    """Nothing has been spent at the beginning, so that lengths on the axis are shares of the whole."""
    axis = vega.axis_over(energies, width, allow_log=False)
    return dataclasses.replace(axis, low=0.0, ticks=tuple(tick for tick in axis.ticks if tick >= 0))


def _x(axis: vega.Axis, example: PointSummary, unit: text.Scale) -> alt.X:
    basis = "" if example.energy_basis == "measured" else f" ({text.words(example.energy_basis or '')})"
    title = _("energy of training so far, {unit}").format(unit=_(unit.unit)) + basis
    return alt.X("energy:Q", scale=axis.scale(), axis=alt.Axis(values=list(axis.ticks), title=title))


def _y(axis: vega.Axis, example: PointSummary) -> alt.Y:
    title = _("{metric} of held-out samples").format(metric=text.words(example.metric or _("score")))
    return alt.Y("score:Q", scale=axis.scale(), axis=alt.Axis(values=list(axis.ticks), title=title))


def _lines(rows: list[dict[str, Any]], names: list[str], place: dict[str, Any], *, columns: int) -> list[Any]:
    legend = alt.Legend(title=None, orient="bottom", columns=columns, columnPadding=20, labelLimit=240)
    colours = [BASELINE_COLOUR, *COLOURS][: len(names)]
    colour = alt.Color("curve:N", scale=alt.Scale(domain=names, range=colours), legend=legend)
    shape = alt.Shape("curve:N", scale=alt.Scale(domain=names, range=list(SHAPES[: len(names)])), legend=legend)
    base = alt.Chart(vega.data(rows)).encode(color=colour, **place)
    line = base.mark_line(strokeWidth=1.8, opacity=0.8).encode(order=alt.Order("energy:Q"))
    return [line, base.mark_point(filled=True, size=45, opacity=1).encode(shape=shape)]
