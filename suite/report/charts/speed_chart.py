"""Change of energy against change of latency, or of peak memory: what a saving costs in time and in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import altair as alt

from suite.analysis.summary import PointSummary
from suite.report.charts import label_placement, vega
from suite.report.charts.change_axis import change_axis, change_scale
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import N_, _

MOST_POINTS = 40
SIZE = (330, 280)
"""Of the plane: two stand side by side on a screen, and one fits a phone."""
LEAST_SIDE = 0.4
NAME_LINES = 2
"""A corner's name breaks after its comma."""
"""Share of an axis on each side of no change at least: the names of the quadrants need it."""
LINE = 13.0
"""Pixels of a line of a quadrant's name; a strip at the top and the bottom belongs to these."""
GREY = "#808080"


def _latency(point: PointSummary) -> float | None:
    return point.latency_ratio


def _memory(point: PointSummary) -> float | None:
    before, after = point.baseline_peak_memory_mb, point.peak_memory_mb
    return after / before if before and after else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Against:
    """What energy is set against. ``quadrants``: lower left, lower right, upper left, upper right."""

    key: str
    title: str
    description: str
    quadrants: tuple[str, str, str, str]
    ratio: Callable[[PointSummary], float | None]


class _Plane(NamedTuple):
    """Both scales with their sizes in pixels; ``strip`` at top and bottom holds the quadrants' names."""

    x: vega.Axis
    y: vega.Axis
    width: int
    height: int
    strip: float


AGAINST = (
    Against(
        key="latency",
        title=N_("change of latency"),
        description=N_(
            "Change of energy against change of latency for {task}, points: {count}. The table below has every figure."
        ),
        quadrants=(
            N_("less energy, faster"),
            N_("less energy, slower"),
            N_("more energy, faster"),
            N_("more energy, slower"),
        ),
        ratio=_latency,
    ),
    Against(
        key="memory",
        title=N_("change of peak memory"),
        description=N_(
            "Change of energy against change of peak memory for {task}, points: {count}. "
            "The table below has every figure."
        ),
        quadrants=(
            N_("less energy, less memory"),
            N_("less energy, more memory"),
            N_("more energy, less memory"),
            N_("more energy, more memory"),
        ),
        ratio=_memory,
    ),
)


def speed_charts(group: Group) -> list[vega.Chart]:
    """The charts of ``group`` that have a point."""
    return [chart for against in AGAINST if (chart := _chart(group, against))]


def _chart(group: Group, against: Against) -> vega.Chart | None:
    entries = [
        entry
        for entry in group.ok
        if entry.point.mitigation != "none" and entry.point.energy_ratio and against.ratio(entry.point)
    ]
    if not entries:
        return None
    rows = [_row(entry, against) for entry in entries[:MOST_POINTS]]
    spec = _spec(group, rows, against)
    return vega.Chart(
        identifier=f"{against.key}-{group.number}",
        description=_(against.description).format(count=text.whole(len(rows)), task=group.name),
        wide=spec,
        narrow=spec,
        left_out=len(entries) - len(rows),
    )


def _row(entry: Entry, against: Against) -> dict[str, Any]:
    point, energy = entry.point, entry.point.energy_ratio
    return {
        "label": entry.label,
        "verdict": point.claim,
        "x": against.ratio(point),
        "y": energy,
        "low": energy if point.energy_ratio_low is None else point.energy_ratio_low,
        "high": energy if point.energy_ratio_high is None else point.energy_ratio_high,
    }


def _spec(group: Group, rows: list[dict[str, Any]], against: Against) -> dict[str, Any]:
    plane = _plane(rows)
    energy = _("change of energy per training sample") if group.is_per_sample else _("change of energy per query")
    y_axis = change_axis(plane.y, plane.height, energy, apart=24)
    place = {
        "x": alt.X("x:Q", scale=plane.x.scale(), axis=change_axis(plane.x, plane.width, _(against.title), apart=48)),
        "y": alt.Y("y:Q", scale=plane.y.scale(), axis=y_axis),
    }
    low = alt.Y("low:Q", scale=plane.y.scale(), axis=y_axis)
    layers = [*_quadrants(against, plane, place), *_marks(rows, _names(rows, plane), place, low)]
    return vega.specification(layers, plane.width, plane.height)


def _plane(rows: list[dict[str, Any]]) -> _Plane:
    width, height = SIZE
    strip = LINE * NAME_LINES + 4
    ends = [row[key] for row in rows for key in ("y", "low", "high")]
    return _Plane(
        x=change_scale([row["x"] for row in rows], headroom=0.06, least_side=LEAST_SIDE),
        y=change_scale(ends, headroom=1.2 * strip / height, least_side=0.2),
        width=width,
        height=height,
        strip=strip,
    )


def _quadrants(against: Against, plane: _Plane, place: dict[str, Any]) -> list[Any]:
    """The cross at no change, and a name in each corner."""
    cross: dict[str, Any] = {"strokeDash": [3, 4], "opacity": 0.7, "color": GREY}
    centre = alt.Chart(vega.data([{"x": 1, "y": 1}]))
    layers: list[Any] = [centre.mark_rule(**cross).encode(x=place["x"]), centre.mark_rule(**cross).encode(y=place["y"])]
    top, bottom = (plane.y.at(share) for share in (1.0, plane.strip / plane.height))
    for is_right in (False, True):
        corners: list[dict[str, Any]] = [
            {"x": plane.x.at(0.99 if is_right else 0.01), "y": y, "words": _(words).replace(", ", ",\n")}
            for y, words in zip((bottom, top), against.quadrants[is_right::2], strict=True)
        ]
        align: Any = "right" if is_right else "left"
        text_mark: dict[str, Any] = {"fontSize": 10, "fontStyle": "italic", "baseline": "top", "lineBreak": "\n"}
        mark = alt.Chart(vega.data(corners)).mark_text(align=align, dy=4, **text_mark)
        layers.append(mark.encode(**place, text="words:N"))
    return layers


def _marks(rows: list[dict[str, Any]], names: list[dict[str, Any]], place: dict[str, Any], low: alt.Y) -> list[Any]:
    """Intervals of the energy, points, names, and lines to names that had to stand away from their points."""
    colour, shape = vega.verdict_colour(), vega.verdict_shape()
    base = alt.Chart(vega.data(rows)).encode(x=place["x"], color=colour)
    far = [name for name in names if name["far"]]
    leader: dict[str, Any] = {"opacity": 0.5, "strokeWidth": 0.8, "color": GREY}
    return [
        base.mark_rule(opacity=0.5, strokeWidth=1.4).encode(y=low, y2="high:Q"),
        *([alt.Chart(vega.data(far)).mark_rule(**leader).encode(**place, x2="dot_x:Q", y2="dot_y:Q")] if far else []),
        base.mark_point(filled=True, size=75, opacity=1).encode(y=place["y"], shape=shape),
        alt.Chart(vega.data(names)).mark_text(fontSize=11).encode(**place, text="label:N"),
    ]


def _names(rows: Sequence[dict[str, Any]], plane: _Plane) -> list[dict[str, Any]]:
    """Names that have a place between the strips of the quadrants; the first, which save most, are placed first."""
    dots = [
        label_placement.Dot(
            plane.x.share(row["x"]) * plane.width,
            (1 - plane.y.share(row["y"])) * plane.height - plane.strip,
            row["label"],
            -number,
            label_placement.POINT_RADIUS,
        )
        for number, row in enumerate(rows)
    ]
    headroom = plane.height - 2 * plane.strip
    bars = [_bar(row, plane) for row in rows]
    return [
        {
            "label": dot.name,
            "x": plane.x.at(centre[0] / plane.width),
            "y": plane.y.at(1 - (centre[1] + plane.strip) / plane.height),
            "dot_x": row["x"],
            "dot_y": row["y"],
            "far": abs(centre[1] - dot.y) > label_placement.LEADER_FROM,
        }
        for row, dot, centre in zip(rows, dots, label_placement.place(dots, bars, plane.width, headroom), strict=True)
        if centre is not None
    ]


def _bar(row: dict[str, Any], plane: _Plane) -> label_placement.Box:
    """The interval of a point's energy, in pixels below the upper strip."""
    across = plane.x.share(row["x"]) * plane.width
    top, bottom = sorted((1 - plane.y.share(row[end])) * plane.height - plane.strip for end in ("low", "high"))
    return label_placement.Box(across - 1, top, across + 1, bottom)
