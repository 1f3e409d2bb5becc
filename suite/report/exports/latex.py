"""table.tex: the leading comparison of each task as a LaTeX table, for a paper; it needs the package booktabs.

Every word is escaped, names out of records too: what a default pdfLaTeX has no letter for becomes its code point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from suite.report.exports.markdown import cells
from suite.report.prose.leads import Lead, leads, one_line
from suite.report.view_model import Entry, Report
from suite.text import numbers as text
from suite.text.i18n import _, ngettext

MOST_TABLES, MOST_ROWS = 12, 40
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\`{}",
    "[": "{[}",  # after a line's end it would open an argument
    "]": "{]}",
    "*": "{*}",  # after a line's end it would forbid a page break
    "-": "{-}",  # two of them would be a dash
    text.MINUS: "$-$",
    text.GAP: "~",
    text.NOTHING: "{--}",
    "\N{EM DASH}": "{---}",
    "\N{MIDDLE DOT}": r"$\cdot$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MICRO SIGN}": r"$\mu$",
    "\N{DEGREE SIGN}": r"$^{\circ}$",
    "\N{RIGHTWARDS ARROW}": r"$\rightarrow$",
    "\N{SUBSCRIPT TWO}": r"$_2$",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}
_NOT_IN_OT1 = frozenset("ÐðÞþ")


def escape(words: str) -> str:
    """``words`` as LaTeX that prints them, on one line."""
    return "".join(_SIGNS.get(character) or _letter(character) for character in one_line(words))


def _letter(character: str) -> str:
    """A character that is no sign of LaTeX's."""
    if character.isascii():
        return character
    is_latin_1 = "\N{LATIN CAPITAL LETTER A WITH GRAVE}" <= character <= "\N{LATIN SMALL LETTER Y WITH DIAERESIS}"
    if is_latin_1 and character.isalpha() and character not in _NOT_IN_OT1:
        return character
    is_space = unicodedata.category(character) in ("Zs", "Cf")
    return " " if is_space else f"{{[}}U+{ord(character):04X}{{]}}"


def tables(report: Report) -> str:
    """The whole of table.tex."""
    found = [lead for lead in leads(report.groups) if lead.leading is not None]
    head = _comment(_("Energy report: {run}").format(run=report.run))
    lines = [head, r"% \usepackage{booktabs}"]
    for number, lead in enumerate(found[:MOST_TABLES], start=1):
        lines += ["", *_table(lead, number)]
    if not found:
        lines.append(_comment(_("No point ended with a result.")))
    return "\n".join(lines) + "\n"


def _comment(words: str) -> str:
    """A line that LaTeX skips; nothing in it can end it."""
    return f"% {escape(words)}"


def _table(lead: Lead, number: int) -> list[str]:
    assert lead.leading is not None
    shown = lead.leading.entries[:MOST_ROWS]
    unit = _unit(shown)
    score = _("score change, {unit}").format(unit=unit) if unit else _("score change")
    change, interval = escape(_("energy change, %")), escape(_("95 % interval"))
    return [
        r"\begin{table}",
        r"  \centering\footnotesize",
        r"  \setlength{\tabcolsep}{2.5pt}",
        rf"  \caption{{{_caption(lead)}}}",
        rf"  \label{{tab:energy-{_slug(lead.task)}-{number}}}",
        r"  \begin{tabular}{@{}p{.22\linewidth}rlrlp{.17\linewidth}@{}}",
        r"    \toprule",
        rf"    & \multicolumn{{2}}{{c}}{{{change}}} & \multicolumn{{2}}{{c}}{{{escape(score)}}} & \\",
        r"    \cmidrule(lr){2-3}\cmidrule(lr){4-5}",
        rf"    {escape(_('technique'))} & & {interval} & & {interval} & {escape(_('verdict'))} \\",
        r"    \midrule",
        *(_row(entry, unit) for entry in shown),
        r"    \bottomrule",
        r"  \end{tabular}",
        "",
        r"  \smallskip",
        rf"  {escape(_note(lead.leading.entries))}",
        r"\end{table}",
    ]


def _unit(entries: Sequence[Entry]) -> str:
    """What all score changes count; empty where they do not count the same."""
    metrics = {entry.point.metric for entry in entries if entry.point.metric}
    metric = metrics.pop() if len(metrics) == 1 else None
    return "" if metric is None else text.score_unit(metric) or text.words(metric)


def _row(entry: Entry, unit: str) -> str:
    """A row without the units that stand above it; long names break into lines."""
    label, change, interval, score, score_interval, verdict = cells(entry)
    change, score = change.removesuffix(f"{text.GAP}%"), score.removesuffix(f"{text.GAP}{unit}")
    numbers = " & ".join(map(escape, (change, interval, score, score_interval)))
    return rf"    \raggedright {escape(label)} & {numbers} & \raggedright {escape(verdict)} \tabularnewline"


def _caption(lead: Lead) -> str:
    """Task, settings, hardware, and whether the energy was measured."""
    assert lead.leading is not None
    points = [entry.point for entry in lead.leading.ok]
    hardware = dict.fromkeys(point.hardware for point in points if point.hardware)
    bases = dict.fromkeys(text.words(point.energy_basis) for point in points if point.energy_basis)
    words = _(
        "Change of energy per query against the paired baseline: {task} ({settings}) on {hardware}. Energy: {basis}."
    )
    return escape(
        words.format(
            task=lead.name,
            settings=lead.leading.title,
            hardware=", ".join(hardware) or _("unknown hardware"),
            basis=", ".join(bases) or _("no energy figures"),
        )
    )


def _note(entries: Sequence[Entry]) -> str:
    note = _(
        "Below 0 is a saving; a score change above 0 is better. Intervals are 95 % intervals of the paired comparison: "
        "Student's t over blocks for energy, over test items for the score."
    )
    left_out = len(entries) - MOST_ROWS
    if left_out <= 0:
        return note
    more = ngettext("{n} further point is in results.csv.", "{n} further points are in results.csv.", left_out).format(
        n=text.whole(left_out)
    )
    return f"{note} {more}"


def _slug(task: str) -> str:
    """Letters and digits that a label may hold."""
    return re.sub(r"[^a-z0-9]+", "-", task.lower()).strip("-")[:40] or "task"
