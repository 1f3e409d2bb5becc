"""summary.md: a report in a few lines of Markdown, for a README or a pull request.

Names come from records, which may be anyone's. What is not our own markup is escaped, so that a name can neither end a
table's cell nor become HTML, a link, a mention or a formula, on GitHub and GitLab as well as in plain CommonMark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from suite.analysis.summary import PointSummary
from suite.report.prose import instruments
from suite.report.prose.leads import Lead, leads, one_line
from suite.report.prose.parts import Part
from suite.report.prose.reservations import reservations
from suite.report.prose.sentences import scored
from suite.report.prose.style import LOOKS
from suite.report.view_model import Entry, Group, Report
from suite.text import numbers as text
from suite.text.i18n import _, ngettext

MOST_TABLES, MOST_ROWS, MOST_NAMES = 12, 60, 6
_ENTITIES = {ord(character): f"&#{ord(character)};" for character in "&<>|\\$"}
_LINKING = re.compile(r"(?i):(?=//)|(?<![a-z0-9])www(?=\.)|@|(?<!&)#(?=\d)")
_JOINER = "\u2060"
"""Takes no room, and keeps a renderer from seeing an address, a mention or a reference."""


def escape(words: str) -> str:
    """``words`` as plain text on one line of Markdown; not for the start of a line, where ``1.`` begins a list."""
    line = one_line(words).translate(_ENTITIES)
    line = re.sub(r"([`*_\[\]~])", r"\\\1", line)
    line = _LINKING.sub(rf"\g<0>{_JOINER}", line)
    return line.strip(" ")


def table(headings: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table whose cells are escaped already; a ``number`` column is set to the right."""
    rule = ["--:" if kind == "number" else "---" for kind in kinds]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)]


def bold(words: str) -> str:
    """Escaped and strong; nothing where there is nothing to say."""
    escaped = escape(words)
    return f"**{escaped}**" if escaped else ""


def sentence(parts: Sequence[Part]) -> str:
    """A sentence with its strong parts in bold."""
    return "".join(bold(part.words) if part.strong else _inside(part.words) for part in parts)


def _inside(words: str) -> str:
    """Escaped, with the spaces at both ends that set it off from what stands beside it."""
    head, tail = words[: len(words) - len(words.lstrip(" "))], words[len(words.rstrip(" ")) :]
    return f"{head}{escape(words)}{tail}" if words.strip(" ") else words


def summary(report: Report) -> str:
    """The whole of summary.md."""
    found = leads(report.groups)
    title = _("Energy report: {run}").format(run=escape(report.run))
    lines = [f"## {title}", "", _facts(report), ""]
    lines += [f"- {_answer(lead, report)}" for lead in found[:MOST_TABLES]]
    noted = reservations(report.points)
    lines += ["", *(f"> - {escape(sentence)}" for sentence in noted)] if noted else []
    with_table = [lead for lead in found if lead.leading is not None][:MOST_TABLES]
    for lead in with_table:
        lines += ["", *_lead(lead, report)]
    lines += ["", *_rest(report, with_table), _note()]
    return "\n".join(lines) + "\n"


def _facts(report: Report) -> str:
    """Where, how and when, in one line."""
    machines = list(dict.fromkeys(point.hardware for point in report.points if point.hardware))
    named = [escape(machine) for machine in machines[:MOST_NAMES]] or [_("unknown")]
    if len(machines) > MOST_NAMES:
        more = len(machines) - MOST_NAMES
        named.append(ngettext("and {n} more", "and {n} more", more).format(n=text.whole(more)))
    counts = _("{ok} ok, {skipped} skipped, {failed} failed").format(
        **{status: text.whole(report.count(status)) for status in ("ok", "skipped", "failed")}
    )
    facts = [(_("Hardware"), "; ".join(named)), (_("Energy"), _energy(report)), (_("Points"), counts)]
    if report.points:
        first = min(point.started_at for point in report.points)[:10]
        last = max(point.finished_at for point in report.points)[:10]
        facts.append((_("Date"), escape(first if first == last else f"{first} {text.NOTHING} {last}")))
    return " · ".join(f"{name}: {value}" for name, value in facts)


def _energy(report: Report) -> str:
    """What the headline figures are, and where they came from."""
    sources = [source for source in instruments.sources(report) if source.headline][:MOST_NAMES]
    if not sources:
        return _("no energy figures")
    words = dict.fromkeys(
        f"{bold(text.words(source.basis))} ({escape(source.component.upper())}: {escape(source.words)})"
        for source in sources
    )
    return "; ".join(words)


def _name(lead: Lead, report: Report) -> str:
    task = escape(lead.name)
    return task if len(report.runs) == 1 else f"{task}, {escape(lead.run)}"


def _answer(lead: Lead, report: Report) -> str:
    return f"**{_name(lead, report)}:** {sentence(lead.answer.sentence)}"


def _lead(lead: Lead, report: Report) -> list[str]:
    assert lead.leading is not None
    group = lead.leading
    said = scored(group)
    lines = [f"### {_name(lead, report)}", "", f"*{escape(group.title)}*", ""]
    lines += [escape(said), ""] if said else []
    lines += group_table(group)
    left_out = len(group.entries) - MOST_ROWS
    if left_out > 0:
        words = ngettext(
            "{n} further point of this comparison is in results.csv.",
            "{n} further points of this comparison are in results.csv.",
            left_out,
        )
        lines += ["", words.format(n=text.whole(left_out))]
    return lines


def group_table(group: Group) -> list[str]:
    """The techniques of one comparison, as many as fit."""
    headings = (
        _("technique"),
        _("energy change"),
        _("95 % interval"),
        _("score change"),
        _("95 % interval"),
        _("verdict"),
    )
    kinds = ("text", "number", "text", "number", "text", "text")
    return table(headings, kinds, [[escape(cell) for cell in cells(entry)] for entry in group.entries[:MOST_ROWS]])


def cells(entry: Entry) -> tuple[str, str, str, str, str, str]:
    """Technique, energy change, its interval, score change, its interval and verdict of a point, as plain text."""
    point = entry.point
    return (
        entry.label,
        text.change(point.energy_ratio),
        text.change_interval(point.energy_ratio_low, point.energy_ratio_high),
        text.score_change(point.score_delta, point.metric),
        text.score_interval(point.score_delta_low, point.score_delta_high, point.metric),
        verdict_words(point),
    )


def verdict_words(point: PointSummary) -> str:
    """The verdict after correction for the number of comparisons, and where it differs the one by itself."""
    words = _(LOOKS[point.claim].words)
    if point.claim == point.verdict:
        return words
    return f"{words} ({_('by itself: {verdict}').format(verdict=_(LOOKS[point.verdict].words))})"


def _rest(report: Report, shown: Sequence[Lead]) -> list[str]:
    """How many comparisons have no table here."""
    drawn = {lead.leading.number for lead in shown if lead.leading is not None}
    others = [group for group in report.groups if group.number not in drawn]
    if not others:
        return []
    points = sum(len(group.entries) for group in others)
    words = ngettext(
        "{n} further comparison ({points} points) is in the report and in results.csv.",
        "{n} further comparisons ({points} points) are in the report and in results.csv.",
        len(others),
    )
    return [words.format(n=text.whole(len(others)), points=text.whole(points)), ""]


def _note() -> str:
    return _(
        "Energy change is the technique's energy per query against its paired baseline; below 0 is a saving. A score "
        "change above 0 is better. Intervals are 95 % intervals of the paired comparison; "
        "those of the sentences, and the verdicts, are corrected for the number of comparisons."
    )
