"""Two runs side by side as a Markdown table, for a comment on a pull request."""

from __future__ import annotations

from suite.analysis.summary import PointSummary
from suite.report.comparison.view import Row, Side, TwoRuns, findings, gate, measured_differently, verdict
from suite.report.exports.markdown import bold, escape, table
from suite.stats.interval import Interval
from suite.text import numbers as text
from suite.text.i18n import _, ngettext

MOST_ROWS = 100
"""A comment holds 65,536 characters; a reader looks at fewer."""


def comparison_markdown(runs: TwoRuns) -> str:
    """The gate's result, what A and B are, and a row a point, what got worse first."""
    title = _("Energy comparison: {a} and {b}").format(a=escape(runs.a.name), b=escape(runs.b.name))
    lines = [f"### {title}", ""]
    lines += [bold(verdict(runs)), "", *(f"- {_side(side)}" for side in (runs.a, runs.b)), ""]
    told = measured_differently(runs)
    if told:
        heading = _("The points of both runs were measured differently:")
        lines += [heading, *(f"- {escape(line)}" for line in told), ""]
    lines += _table(runs)
    left_out = len(runs.rows) - MOST_ROWS
    if left_out > 0:
        words = ngettext("{n} further point is not shown.", "{n} further points are not shown.", left_out)
        lines += ["", words.format(n=text.whole(left_out))]
    for side, rows in ((runs.a, runs.only_a), (runs.b, runs.only_b)):
        if rows:
            words = ngettext("Only in {letter}: {n} point.", "Only in {letter}: {n} points.", len(rows))
            lines += ["", words.format(letter=side.letter, n=text.whole(len(rows)))]
    return "\n".join([*lines, "", escape(gate(runs))]) + "\n"


def _side(side: Side) -> str:
    bases = ", ".join(text.words(basis) for basis in side.bases) or _("no energy figures")
    words = _("{letter} is {name}: {hardware}, energy {bases}").format(
        letter=side.letter, name=side.name, hardware="; ".join(side.hardware) or _("unknown hardware"), bases=bases
    )
    return escape(words)


def _table(runs: TwoRuns) -> list[str]:
    headings = (
        _("technique"),
        _("finding"),
        _("joules per query, B against A"),
        _("against the baseline in A"),
        _("in B"),
        _("B against A"),
        _("score change, A to B"),
    )
    kinds = ("text", "text", *5 * ("number",))
    return table(headings, kinds, [_row(row) for row in runs.rows[:MOST_ROWS]])


def _row(row: Row) -> list[str]:
    found = row.found
    what = bold(_("Regression: {what}").format(what=findings(found))) if found.regressions else escape(findings(found))
    shown = found.b or found.a
    return [
        escape(row.name),
        what,
        escape(_change(found.energy)),
        escape(_ratio(found.a)),
        escape(_ratio(found.b)),
        escape(_change(found.ratio)),
        escape(text.score_change(found.score, shown.metric if shown else None)),
    ]


def _change(change: Interval | None) -> str:
    if change is None:
        return text.NOTHING
    return f"{text.change(change.estimate)} {text.change_interval(change.low, change.high)}".rstrip(" ")


def _ratio(point: PointSummary | None) -> str:
    return text.NOTHING if point is None else text.change(point.energy_ratio)
