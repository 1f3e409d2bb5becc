"""Energy per query by component: a column each, with a scale of its own, and a texture over what was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from suite.analysis.run.components import Bar, Column
from suite.report.charts import vega
from suite.report.charts.hatching import texture
from suite.report.charts.row_labels import row_axis, row_place
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import _

MOST_TECHNIQUES = 40
BASELINE_COLOUR, TECHNIQUE_COLOUR = "#808080", "#2f7fd1"
WIDE_COLUMNS_WIDTH, NARROW_COLUMN_WIDTH = 640, 170
WIDE_ROW, NARROW_ROW = 24, 30
IDLE_OPACITY = 0.35
BAND: dict[str, Any] = {"height": {"band": 0.76}}


def component_chart(group: Group, columns: Sequence[Column]) -> vega.Chart | None:
    """The chart of ``group``; None where it has no energies."""
    if not columns:
        return None
    techniques = [entry for entry in group.ok if entry.point.mitigation != "none"]
    drawn = techniques[:MOST_TECHNIQUES]
    identifier = f"components-{group.number}"
    names = ", ".join(dict.fromkeys(column.component.upper() for column in columns))
    if group.is_per_sample:
        words = _("Energy per training sample of {task} by component ({names}). The table below has every figure.")
    else:
        words = _("Energy per query of {task} by component ({names}). The table below has every figure.")
    return vega.Chart(
        identifier=identifier,
        description=words.format(task=group.name, names=names),
        wide=_spec(identifier, group, columns, drawn, is_wide=True),
        narrow=_spec(identifier, group, columns, drawn, is_wide=False),
        left_out=len(techniques) - len(drawn),
    )


def _spec(
    identifier: str, group: Group, columns: Sequence[Column], drawn: Sequence[Entry], *, is_wide: bool
) -> dict[str, Any]:
    names = [_("baseline"), *(entry.label for entry in drawn)]
    height = len(names) * (WIDE_ROW if is_wide else NARROW_ROW)
    width = WIDE_COLUMNS_WIDTH // max(2, len(columns)) if is_wide else NARROW_COLUMN_WIDTH
    drawing = f"{identifier}-{'wide' if is_wide else 'narrow'}"
    made = []
    for number, column in enumerate(columns):
        axis = row_axis(names, is_wide=is_wide) if number == 0 or not is_wide else None
        fill = texture(column.basis, drawing)
        made.append(vega.view(_column(group, column, drawn, row_place(len(names), axis), fill), width, height))
    return vega.whole({"hconcat": made, "spacing": 26} if is_wide else {"vconcat": made, "spacing": 18})


def _column(group: Group, column: Column, drawn: Sequence[Entry], y: alt.Y, fill: str | None) -> list[alt.Chart]:
    """Gross energy as a pale bar with an outline, net of idle as a full one over it, the texture over both."""
    rows = _rows(column, drawn)
    unit = text.scale_for([row["gross_j"] for row in rows], text.ENERGY_SCALES)
    shown = [
        {**row, "gross": row["gross_j"] / unit.size, "net": (row["gross_j"] - (row["idle_j"] or 0.0)) / unit.size}
        for row in rows
    ]
    base = alt.Chart(vega.data(shown))
    scale = alt.Scale(domain=[0, 1.05 * max((row["gross"] for row in shown), default=1.0)], nice=False)
    x_axis = alt.Axis(title=_title(group, column, unit), tickCount=4, format=".6~g", labelOverlap=True)
    gross, net = alt.X("gross:Q", scale=scale, axis=x_axis), alt.X("net:Q", scale=scale, axis=x_axis)
    colour = alt.Color("colour:N", scale=None, legend=None)
    outline = alt.Stroke("colour:N", scale=None, legend=None)
    layers = [
        base.mark_bar(**BAND, opacity=1, fillOpacity=IDLE_OPACITY, strokeWidth=1).encode(
            x=gross, y=y, fill=colour, stroke=outline
        ),
        base.mark_bar(**BAND, opacity=1).encode(x=net, y=y, color=colour),
    ]
    if fill:
        layers.append(base.mark_bar(**BAND, color=fill, opacity=1).encode(x=gross, y=y))
    return layers


def _rows(column: Column, drawn: Sequence[Entry]) -> list[dict[str, Any]]:
    """The baseline's row is 0; a technique that the column does not know has none."""
    bars = {bar.point.point_id: bar for bar in column.bars}
    rows = []
    if column.baseline_j is not None:
        rows.append(_row(0, BASELINE_COLOUR, column.baseline_j, column.baseline_idle_j))
    for number, entry in enumerate(drawn, start=1):
        bar: Bar | None = bars.get(entry.point.point_id)
        if bar is not None:
            rows.append(_row(number, TECHNIQUE_COLOUR, bar.energy_j, bar.idle_j))
    return rows


def _row(number: int, colour: str, gross_j: float, idle_j: float | None) -> dict[str, Any]:
    return {"row": number, "colour": colour, "gross_j": gross_j, "idle_j": idle_j}


def _title(group: Group, column: Column, unit: text.Scale) -> str:
    per = (
        _("{component}, {unit} per training sample ({basis})")
        if group.is_per_sample
        else _("{component}, {unit} per query ({basis})")
    )
    return per.format(component=column.component.upper(), unit=_(unit.unit), basis=text.words(column.basis))
