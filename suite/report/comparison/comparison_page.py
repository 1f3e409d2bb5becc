"""Two runs side by side as one HTML file: the gate's result, what changed, and what only one run has."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from markupsafe import Markup

from suite.analysis.run.run_comparison import Finding, PointComparison
from suite.analysis.verdict import Verdict
from suite.report.charts.range_chart import Kind, range_chart
from suite.report.charts.range_chart import Row as ChartRow
from suite.report.charts.vega import Chart
from suite.report.comparison.view import Row, TwoRuns, findings, gate, measured_differently, verdict
from suite.report.prose.style import LOOKS
from suite.report.static_page import static_page
from suite.stats.interval import Interval
from suite.text.i18n import N_, _

MOST_DRAWN, MOST_CHARACTERS = 40, 40


def _kind(words: str, verdict: Verdict) -> Kind:
    """A kind that looks as a verdict does on the report."""
    look = LOOKS[verdict]
    return Kind(words=words, filled=True, colour=look.colour, shape=look.shape, path=look.path)


KINDS = {
    "regressed": _kind(N_("rose beyond the tolerance"), "costs-energy"),
    "fell": _kind(N_("fell"), "saves"),
    "unclear": _kind(N_("no clear change"), "no-detectable-change"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drawn:
    """A chart with its heading and the kinds of rows in it."""

    title: str
    chart: Chart
    kinds: tuple[Kind, ...]
    wide: Markup
    narrow: Markup


def comparison_page(runs: TwoRuns) -> str:
    """The whole page."""
    return static_page(
        "comparison.html.j2",
        runs=runs,
        verdict=verdict(runs),
        gate=gate(runs),
        findings=findings,
        differences=measured_differently(runs),
        charts=[drawn for drawn in (_joules(runs), _ratios(runs)) if drawn is not None],
    )


def _joules(runs: TwoRuns) -> Drawn | None:
    title = _("Joules per query, B against A")
    return _drawn(runs, "joules", title, "energy", lambda found: found.energy)


def _ratios(runs: TwoRuns) -> Drawn | None:
    title = _("Energy against the paired baseline, B against A")
    return _drawn(runs, "ratios", title, "ratio", lambda found: found.ratio)


def _drawn(
    runs: TwoRuns, name: str, title: str, finding: Finding, pick: Callable[[PointComparison], Interval | None]
) -> Drawn | None:
    """The worst changes first, as many as can be told apart; None where nothing could be compared."""
    known = [(row, change) for row in runs.rows if (change := pick(row.found)) is not None]
    if not known:
        return None
    known.sort(key=lambda each: (finding not in each[0].found.regressions, -each[1].estimate))
    rows = [_chart_row(row, change, finding) for row, change in known[:MOST_DRAWN]]
    chart = range_chart(
        identifier=name,
        description=_("{title}: change with its 95 % interval, the worst first. The table has every figure.").format(
            title=title
        ),
        title=_("change from A to B"),
        rows=rows,
        kinds=KINDS,
        left_out=len(known) - len(rows),
    )
    seen = {row.kind for row in rows}
    return Drawn(
        title=title,
        chart=chart,
        kinds=tuple(kind for name, kind in KINDS.items() if name in seen),
        wide=Markup(chart.svg_wide),  # noqa: S704 - Vega escapes text in SVG
        narrow=Markup(chart.svg_narrow),  # noqa: S704
    )


def _chart_row(row: Row, change: Interval, finding: Finding) -> ChartRow:
    kind = "unclear"
    if finding in row.found.regressions:
        kind = "regressed"
    elif change.high is not None and change.high < 1:
        kind = "fell"
    is_finite = change.high is None or math.isfinite(change.high)
    return ChartRow(
        label=row.name if len(row.name) <= MOST_CHARACTERS else f"{row.name[: MOST_CHARACTERS - 1]}…",
        kind=kind,
        dots=(change.estimate,),
        low=change.low if is_finite else None,
        high=change.high if is_finite else None,
    )
