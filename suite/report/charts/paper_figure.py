"""figure.svg and figure.png: the leading comparisons of all tasks side by side, on white, for a paper or a README."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import vl_convert
from markupsafe import Markup

from suite.report.charts.forest import forest_chart
from suite.report.charts.tradeoff import tradeoff_chart
from suite.report.page import template_environment
from suite.report.prose.leads import Lead, has_technique, leads, one_line
from suite.report.prose.style import LOOKS, Look
from suite.report.view_model import Report
from suite.text import numbers as text
from suite.text.i18n import _, ngettext

MOST_PANELS, COLUMNS, MOST_ROWS = 6, 3, 16
SCALE = 2
CAPTION_CHARACTERS, HEADING_CHARACTERS, SETTINGS_CHARACTERS = 150, 42, 58
MARGIN, GAP, LINE = 14.0, 28.0, 15.0
SIGN, LETTER = 34.0, 6.3
"""Pixels that a sign of the legend takes with the headroom around it, and that a letter takes."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Panel:
    """One comparison: its chart as SVG, ``width`` by ``height`` pixels, and the lines above it."""

    lead: Lead
    heading: tuple[str, ...]
    settings: tuple[str, ...]
    drawing: Markup
    width: float
    height: float
    is_scored: bool
    is_whole: bool


class Placed(NamedTuple):
    """Something at its place in the figure, in pixels from the upper left corner."""

    x: float
    y: float
    what: Panel | Look


def drawn_figure(report: Report) -> tuple[bytes, bytes] | None:
    """SVG and PNG; None where no technique ended with an energy ratio."""
    found = [lead for lead in leads(report.groups) if lead.leading is not None and has_technique(lead.leading)]
    if not found:
        return None
    panels = [_panel(lead, number, is_one_run=len(report.runs) == 1) for number, lead in enumerate(found[:MOST_PANELS])]
    svg = _svg(panels, left_out=len(found) - len(panels))
    return svg.encode(), bytes(vl_convert.svg_to_png(svg, scale=SCALE))


def _panel(lead: Lead, number: int, *, is_one_run: bool) -> Panel:
    """The trade-off of the leading comparison, or the energy alone where nothing was scored."""
    group = lead.leading
    assert group is not None
    scored = tradeoff_chart(group)
    chart = scored or forest_chart(dataclasses.replace(group, entries=tuple(group.ok[:MOST_ROWS])))
    assert chart is not None  # a technique has a ratio
    task = lead.name
    drawing = _renamed(chart.svg_narrow, f"panel{number}-")
    return Panel(
        lead=lead,
        heading=_lines(task if is_one_run else f"{task} · {lead.run}", HEADING_CHARACTERS),
        settings=_lines(group.title, SETTINGS_CHARACTERS),
        drawing=Markup(drawing),  # noqa: S704 - Vega escapes text in SVG
        width=_side(drawing, "width"),
        height=_side(drawing, "height"),
        is_scored=scored is not None,
        is_whole=not chart.left_out and (scored is not None or len(group.ok) <= MOST_ROWS),
    )


def _renamed(svg: str, prefix: str) -> str:
    """``svg`` with names of its own for what it refers to: two drawings in one file may not share them."""
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}", tag.group()), svg)


def _side(svg: str, name: str) -> float:
    found = re.match(rf'<svg\b[^>]*? {name}="([\d.]+)"', svg)
    assert found is not None  # Vega writes both
    return float(found.group(1))


def _lines(words: str, characters: int) -> tuple[str, ...]:
    """``words`` broken into lines, but not between a number and its per cent."""
    return tuple(textwrap.wrap(one_line(words).replace(" %", f"{text.GAP}%"), characters))


def _svg(panels: Sequence[Panel], left_out: int) -> str:
    placed, top = _rows(panels)
    width = max(each.x + panel.width for each, panel in zip(placed, panels, strict=True))
    legend, below = _legend(panels, width, top)
    caption = _lines(_caption(panels, left_out), min(CAPTION_CHARACTERS, int(width / LETTER)))
    return (
        template_environment()
        .get_template("figure.svg.j2")
        .render(
            panels=placed,
            legend=legend,
            caption=caption,
            caption_top=below,
            line=LINE,
            width=width + MARGIN,
            height=below + LINE * len(caption) + MARGIN / 2,
        )
    )


def _rows(panels: Sequence[Panel]) -> tuple[list[Placed], float]:
    """Panels in rows of ``COLUMNS``, and where the rows end."""
    placed: list[Placed] = []
    top = MARGIN
    for start in range(0, len(panels), COLUMNS):
        row = panels[start : start + COLUMNS]
        head = LINE * max(len(panel.heading) + len(panel.settings) for panel in row) + LINE / 2
        left = MARGIN
        for panel in row:
            placed.append(Placed(left, top + head, panel))
            left += panel.width + GAP
        top += head + max(panel.height for panel in row) + GAP / 2
    return placed, top


def _legend(panels: Sequence[Panel], width: float, top: float) -> tuple[list[Placed], float]:
    """Sign and words of the verdicts that occur, as many a line as fit, and where the lines end."""
    seen = {entry.point.claim for panel in panels if panel.lead.leading for entry in panel.lead.leading.ok}
    placed: list[Placed] = []
    left, line = MARGIN, top + LINE / 2
    for look in (look for verdict, look in LOOKS.items() if verdict in seen):
        headroom = SIGN + LETTER * len(_(look.words))
        if left > MARGIN and left + headroom > width:
            left, line = MARGIN, line + LINE * 1.3
        placed.append(Placed(left, line, look))
        left += headroom
    return placed, line + LINE * 2


def _caption(panels: Sequence[Panel], left_out: int) -> str:
    """Hardware, basis and intervals, so that the figure can be understood alone."""
    points = [entry.point for panel in panels if panel.lead.leading for entry in panel.lead.leading.ok]
    hardware = dict.fromkeys(point.hardware for point in points if point.hardware)
    bases = dict.fromkeys(text.words(point.energy_basis) for point in points if point.energy_basis)
    sentences = [
        _("{hardware}. Energy: {basis}. Bars are 95 % intervals of the paired comparison with the baseline.").format(
            hardware=", ".join(hardware) or _("Unknown hardware"), basis=", ".join(bases) or _("no energy figures")
        )
    ]
    if any(panel.is_scored for panel in panels):
        sentences.append(_("Rings: Pareto front. Dashed line: the task's margin; a point that may lose more is pale."))
    if not all(panel.is_whole for panel in panels):
        sentences.append(_("Points that are not drawn stand in results.csv."))
    if left_out:
        more = ngettext("{n} further task is in the report.", "{n} further tasks are in the report.", left_out)
        sentences.append(more.format(n=text.whole(left_out)))
    return " ".join(sentences)
