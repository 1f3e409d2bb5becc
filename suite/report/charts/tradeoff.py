"""The trade-off chart: energy per query against score, with intervals and the Pareto front."""

from __future__ import annotations

import json
import math
from typing import Any

import altair as alt

from suite.analysis.run.judgement import judged_at
from suite.analysis.summary import PointSummary
from suite.report.charts import label_placement, vega
from suite.report.prose.accuracy_threshold import factor_of, loss_left_open
from suite.report.prose.style import LOOKS
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import _

WIDE, NARROW = (800, 380), (262, 260)
GREEN, GREY = "#138a5e", "#808080"
AMBER = "#b26a00"
FEW = 5
"""Up to so many points a lower chart does."""
GATE = "gate"
"""The chart's parameter: the largest loss of score that counts as none, in the units of the axis."""
MOST = 150
"""So many points are drawn: the baseline, those on the front, and those that save most."""


def tradeoff_chart(group: Group) -> vega.Chart | None:
    """The chart of ``group``; None where no point but the baseline was scored."""
    if not any(entry.point.mitigation != "none" for entry in group.scored):
        return None
    best = [entry.label for entry in group.scored if entry.point.pareto]
    drawn = sorted(group.scored, key=lambda each: (each.point.mitigation != "none", not each.point.pareto))[:MOST]
    return vega.Chart(
        identifier=f"tradeoff-{group.number}",
        description=_(
            "Energy per {query} against {metric} for {count} points of {task}. On the Pareto front: {best}. "
            "The table of techniques has every figure."
        ).format(
            query=_(group.query),
            metric=text.words(group.scored[0].point.metric or ""),
            count=text.whole(len(group.scored)),
            task=group.name,
            best=", ".join(best[:12]) or _("none"),
        ),
        wide=_spec(group, drawn, WIDE[0], WIDE[1] if len(drawn) > FEW else 220),
        narrow=_spec(group, drawn, *NARROW),
        left_out=len(group.scored) - len(drawn),
    )


def _spec(group: Group, drawn: list[Entry], width: int, height: int) -> dict[str, Any]:
    unit = text.scale_for([entry.point.energy_per_query_j for entry in drawn], text.ENERGY_SCALES)
    first = drawn[0].point
    rows = [_row(entry, unit, group.baseline_j) for entry in drawn]
    line: dict[str, Any] = {"x": _short((group.baseline_j or 0.0) / unit.size), "y": _baseline_score(first)}
    line["worse"] = -1.0 if first.higher_is_better else 1.0
    x_ends = [row[key] for row in rows for key in ("x", "x_low", "x_high")]
    x = vega.axis_over([*x_ends, line["x"]], width)
    y_ends = [row[key] for row in rows for key in ("y", "y_low", "y_high")]
    y = vega.axis_over(y_ends, height, flipped=not first.higher_is_better, allow_log=False)
    line["ends"] = [y.low, y.high]
    y_ticks = [tick for tick in y.ticks if tick <= 100 or first.metric not in text.SHARE_METRICS]
    basis = "" if first.energy_basis == "measured" else f" ({text.words(first.energy_basis or '')})"
    x_title = _("energy per {query}, {unit}").format(query=_(group.query), unit=unit.unit) + basis
    if width > NARROW[0]:
        x_title += " · " + _("left is better")
    x_axis = alt.Axis(values=list(x.ticks), format=".6~g", title=x_title)
    y_axis = alt.Axis(values=y_ticks, format=".6~g", title=_score_title(first))
    place = {
        "x": alt.X("x:Q", scale=x.scale(), axis=x_axis),
        "y": alt.Y("y:Q", scale=y.scale(), axis=y_axis),
        "gate": alt.Y("gate_y:Q", scale=y.scale(), axis=y_axis),
    }
    gate = {"name": GATE, "value": _short((first.margin or 0.0) * factor_of(first))}
    layers = _marks(rows, line, _named(rows, x, y, width, height), place)
    return vega.specification(layers, width, height, params=[gate])


def _score_title(point: PointSummary) -> str:
    unit = ", %" if point.metric in text.SHARE_METRICS else ""
    metric = text.words(point.metric) if point.metric else _("score")
    return f"{metric}{unit}" if point.higher_is_better else _("{metric} (up is better)").format(metric=metric + unit)


def _marks(
    rows: list[dict[str, Any]], line: dict[str, Any], names: list[dict[str, Any]], place: dict[str, Any]
) -> list[Any]:
    """Layers from back to front: gate, baseline, front, intervals, points, names; points beyond the gate are pale."""
    xy = {name: place[name] for name in ("x", "y")}
    baseline = alt.Chart(vega.data([line]))
    front = alt.Chart(vega.data(sorted((row for row in rows if row["pareto"]), key=lambda row: float(row["x"]))))
    near = alt.Chart(vega.data([row for row in rows if row["near"]]))
    passes = f"datum.loss <= {GATE} + 1e-9"
    base = (
        alt.Chart(vega.data(rows))
        .transform_calculate(
            verdict=f"{passes} ? datum.within : datum.beyond",
            outcome=f"{passes} ? datum.within_words : datum.beyond_words",
        )
        .encode(**xy)
    )
    leaders = alt.Chart(vega.data([name for name in names if name["far"]]))
    dotted: dict[str, Any] = {"strokeDash": [3, 4], "opacity": 0.55, "color": GREY}
    colour, shape = vega.verdict_colour(), vega.verdict_shape()
    within = alt.when(f"datum.is_baseline || {passes}").then(alt.value(1)).otherwise(alt.value(0.35))
    gate = baseline.transform_calculate(gate_y=f"datum.y + datum.worse * {GATE}").transform_filter(
        f"inrange(datum.gate_y, {json.dumps(line['ends'])})"  # not clipped: clip paths share their ids over a page
    )
    return [
        gate.mark_rule(color=AMBER, strokeDash=[8, 3], strokeWidth=1.2).encode(y=place["gate"]),
        baseline.mark_rule(**dotted).encode(x=place["x"]),
        baseline.mark_rule(**dotted).encode(y=place["y"]),
        front.mark_line(interpolate="step-after", color=GREEN, strokeWidth=1.6, opacity=0.5).encode(**xy, order="x:Q"),
        base.mark_rule(opacity=0.5, strokeWidth=1.3).encode(x="x_low:Q", x2="x_high:Q", color=colour),
        base.mark_rule(opacity=0.5, strokeWidth=1.3).encode(y="y_low:Q", y2="y_high:Q", color=colour),
        front.mark_point(size=230, strokeWidth=1.6, color=GREEN, opacity=0.8).encode(**xy),
        near.mark_point(size=230, strokeWidth=1.3, strokeDash=[2, 3], color=GREEN, opacity=0.8).encode(**xy),
        leaders.mark_rule(opacity=0.5, strokeWidth=0.8, color=GREY).encode(**xy, x2="dot_x:Q", y2="dot_y:Q"),
        base.mark_point(filled=True, size=80).encode(color=colour, shape=shape, opacity=within, tooltip=_tooltip()),
        alt.Chart(vega.data(names)).mark_text(fontSize=11).encode(**xy, text="label:N"),
    ]


def _baseline_score(point: PointSummary) -> float:
    assert point.baseline_score is not None
    return _short(point.baseline_score * factor_of(point))


def _row(entry: Entry, unit: text.Scale, baseline_j: float | None) -> dict[str, Any]:
    """A point lies at its paired ratio times the baseline that all share: what drifts between points does not show."""
    point = entry.point
    assert point.energy_per_query_j is not None
    assert point.score is not None
    factor = factor_of(point)
    energy_j = point.energy_per_query_j
    if baseline_j is not None and point.energy_ratio is not None:
        energy_j = point.energy_ratio * baseline_j
    energy = energy_j / unit.size
    low, high = _energy_ends(point, energy)
    worst, best = _score_ends(point)
    return {
        "label": entry.label,
        **_verdicts(point),
        "pareto": point.pareto,
        "near": point.is_near_front,
        "is_baseline": point.mitigation == "none",
        "loss": _short(loss_left_open(point) * factor),
        "x": _short(energy),
        "x_low": _short(low),
        "x_high": _short(high),
        "y": _short(point.score * factor),
        "y_low": _short(worst * factor),
        "y_high": _short(best * factor),
        "energy": f"{text.energy(point.energy_per_query_j)} ({text.change(point.energy_ratio)} "
        f"{text.change_interval(point.energy_ratio_low, point.energy_ratio_high)})",
        "score": f"{text.score(point.score, point.metric)} ({text.score_change(point.score_delta, point.metric)} "
        f"{text.score_interval(point.score_delta_low, point.score_delta_high, point.metric)})",
    }


def _verdicts(point: PointSummary) -> dict[str, str]:
    """What the point is where the gate lets it pass, and where it does not."""
    is_own = point.mitigation == "none" or point.score_delta_low is None
    within, beyond = (point if is_own else judged_at(point, margin) for margin in (math.inf, 0.0))
    return {
        "within": within.claim,
        "beyond": beyond.claim,
        "within_words": _(LOOKS[within.claim].words),
        "beyond_words": _(LOOKS[beyond.claim].words),
    }


def _short(value: float) -> float:
    """Finer than any screen, and half as long in the file."""
    return float(f"{value:.7g}")


def _energy_ends(point: PointSummary, energy: float) -> tuple[float, float]:
    """The interval of the paired ratio, laid around the point's own energy."""
    if point.energy_ratio is None or point.energy_ratio_low is None or point.energy_ratio_high is None:
        return energy, energy
    return energy * point.energy_ratio_low / point.energy_ratio, energy * point.energy_ratio_high / point.energy_ratio


def _score_ends(point: PointSummary) -> tuple[float, float]:
    """The interval of the paired difference, laid around the point's own score; worse end first."""
    assert point.score is not None
    if point.score_delta is None or point.score_delta_low is None or point.score_delta_high is None:
        return point.score, point.score
    sign = 1 if point.higher_is_better else -1
    down, up = point.score_delta_low - point.score_delta, point.score_delta_high - point.score_delta
    return point.score + sign * down, point.score + sign * up


def _named(rows: list[dict[str, Any]], x: vega.Axis, y: vega.Axis, width: int, height: int) -> list[dict[str, Any]]:
    """Names with their places in the units of the axes; in a small chart only those that matter most."""
    small = width < 400
    chosen = [row for row in rows if not small or row["pareto"] or row["is_baseline"]]
    others = [row for row in rows if row not in chosen]
    dots = [
        label_placement.Dot(
            x.share(row["x"]) * width, (1 - y.share(row["y"])) * height, row["label"] if row in chosen else "",
            2 * row["is_baseline"] + row["pareto"] if row in chosen else -1,
            label_placement.RING_RADIUS if row["pareto"] or row["near"] else label_placement.POINT_RADIUS,
        )
        for row in [*chosen, *others]
    ]  # fmt: skip
    bars = [bar for row in rows for bar in _bars(row, x, y, width, height)]
    return [
        {
            "label": dot.name,
            "x": _short(x.at(centre[0] / width)),
            "y": _short(y.at(1 - centre[1] / height)),
            "dot_x": _short(x.at(dot.x / width)),
            "dot_y": _short(y.at(1 - dot.y / height)),
            "far": abs(centre[1] - dot.y) > label_placement.LEADER_FROM,
        }
        for dot, centre in zip(dots, label_placement.place(dots, bars, width, height), strict=True)
        if centre is not None and dot.name
    ]


def _bars(row: dict[str, Any], x: vega.Axis, y: vega.Axis, width: int, height: int) -> list[label_placement.Box]:
    """Both intervals of a point in pixels."""
    left, right = sorted(x.share(row[end]) * width for end in ("x_low", "x_high"))
    top, bottom = sorted((1 - y.share(row[end])) * height for end in ("y_low", "y_high"))
    across, down = x.share(row["x"]) * width, (1 - y.share(row["y"])) * height
    return [
        label_placement.Box(left, down - 1, right, down + 1),
        label_placement.Box(across - 1, top, across + 1, bottom),
    ]


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title=_("technique")),
        alt.Tooltip("outcome:N", title=_("verdict")),
        alt.Tooltip("energy:N", title=_("energy")),
        alt.Tooltip("score:N", title=_("score")),
    ]
