"""Energy per query by component, each with the instrument that it is from; components are never added."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.run.components import Bar, Column, columns
from suite.report import limits
from suite.report.charts.component_chart import BASELINE_COLOUR, TECHNIQUE_COLOUR, component_chart
from suite.report.charts.hatching import swatch
from suite.report.charts.vega import Chart
from suite.report.prose import instruments
from suite.report.prose.instruments import method_words
from suite.report.view_model import Entry, Group, Report
from suite.text import numbers as text
from suite.text.i18n import N_

ORDER = 45
TITLE = N_("Where the energy went")
MOST_GROUPS = 12
"""So many groups have charts; each takes a moment to draw, and all have tables."""
OPEN_ROWS = 12
"""A table of more rows is folded away."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One group: its columns, and for each entry its bar in each column (None where it has none)."""

    group: Group
    columns: tuple[Column, ...]
    rows: tuple[tuple[Entry, tuple[Bar | None, ...]], ...]
    chart: Chart | None

    @property
    def knows_idle(self) -> bool:
        """Whether a part of any bar is known to be drawn at rest."""
        return any(bar.idle_j is not None for column in self.columns for bar in column.bars)


def context(report: Report) -> dict[str, Any] | None:
    """Groups that have energies; the first with charts."""
    found = [
        (group, columns([entry.point for entry in group.ok], with_cpu_estimate=report.with_cpu_estimate))
        for group in limits.detailed_groups(report)
    ]
    known = [(group, each) for group, each in found if each]
    if not known:
        return None
    views = [_view(report, group, each, is_drawn=n < MOST_GROUPS) for n, (group, each) in enumerate(known)]
    bases = dict.fromkeys(column.basis for view in views for column in view.columns)
    return {
        "views": views,
        "drawn": min(len(views), MOST_GROUPS),
        "open_rows": OPEN_ROWS,
        "swatches": [(basis, swatch(basis, TECHNIQUE_COLOUR, "components")) for basis in bases],
        "baseline_colour": BASELINE_COLOUR,
        "technique_colour": TECHNIQUE_COLOUR,
        "knows_idle": any(view.knows_idle for view in views),
        "how": how,
        "left_out": limits.left_out(report),
        "hides_cpu": instruments.hides_cpu_estimate(report),
    }


def _view(report: Report, group: Group, found: tuple[Column, ...], *, is_drawn: bool) -> View:
    bars = [{bar.point.point_id: bar for bar in column.bars} for column in found]
    entries = [entry for entry in limits.detailed(report, group) if entry.point.status == "ok"]
    return View(
        group=group,
        columns=found,
        rows=tuple((entry, tuple(each.get(entry.point.point_id) for each in bars)) for entry in entries),
        chart=component_chart(group, found) if is_drawn else None,
    )


def how(column: Column) -> str:
    """What read a column, in words."""
    return ", ".join(dict.fromkeys(method_words(method) for method in column.methods)) or text.NOTHING
