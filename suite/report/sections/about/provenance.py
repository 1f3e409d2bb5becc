"""Where the joules come from, component by component, and how well the windows were measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from suite.analysis.point.instrument import Agreement, Instrument
from suite.record.schema import Edges
from suite.report import limits
from suite.report.prose import instruments
from suite.report.view_model import Report
from suite.text import numbers as text
from suite.text.i18n import N_, _

ORDER = 60
TITLE = N_("What is measured and what is estimated")


def context(report: Report) -> dict[str, Any] | None:
    """Sources of energy figures, and how the windows were measured."""
    sources = instruments.sources(report)
    if not sources:
        return None
    shown = [
        (group, entry)
        for group in limits.detailed_groups(report)
        for entry in limits.detailed(report, group)
        if entry.point.status == "ok"
    ]
    return {
        "sources": sources,
        "checks": instruments.checks(report),
        "hides_cpu": instruments.hides_cpu_estimate(report),
        "windows": [(group, entry) for group, entry in shown if entry.point.instrument],
        "windows_words": windows_words([e.point.instrument for _, e in shown if e.point.instrument]),
        "boards": any(_has_board(entry.point.instrument) for _, entry in shown),
        "edges": edges,
        "agreement": agreement,
        "net": [(g, entry) for g, entry in shown if entry.point.idle_power_w is not None],
        "left_out": limits.left_out(report),
    }


def _has_board(seen: Instrument | None) -> bool:
    """Whether anything was read beside the energy."""
    return seen is not None and bool(seen.counter or seen.integral or seen.temperature_c or seen.sm_clock_mhz)


def windows_words(seen: Sequence[Instrument]) -> str:
    """All windows of the run in a sentence."""
    if not seen:
        return ""
    counts, lengths_s = [each.windows for each in seen], [each.window_s for each in seen]
    how = {edges(each) for each in seen}
    if len(how) > 1 and all(each.edges for each in seen):
        how = {_edges(_sum(each.edges for each in seen))}
    words = _("{windows} windows a point, {length} long (median of a point), {total} in all.")
    if len(how) == 1:
        words = _("{windows} windows a point, {length} long (median of a point), {total} in all, {how}.")
    return words.format(
        windows=text.span([min(counts), max(counts)], "").strip(),
        length=text.NOTHING.join(dict.fromkeys(text.duration(end) for end in (min(lengths_s), max(lengths_s)))),
        total=text.duration(sum(each.window_s_total for each in seen)),
        how=how.pop(),
    )


def edges(seen: Instrument) -> str:
    """How the windows of a point begin and end."""
    if seen.slices > 1:
        return _("in {n} slices, taken in turn with the other arm's").format(n=text.whole(seen.slices))
    if not seen.edges:
        return _("in one stretch")
    if not seen.tick_s:
        return _edges(seen.edges)
    return _("{edges}, one every {step}").format(edges=_edges(seen.edges), step=text.duration(seen.tick_s))


def _edges(counts: Mapping[Edges, int]) -> str:
    words: dict[Edges, str] = {
        "interpolated": _("{count} of {total} interpolated between the counter's steps"),
        "tick_aligned": _("{count} of {total} aligned with the counter's steps"),
        "unaligned": _("{count} of {total} anywhere between the counter's steps"),
    }
    total = text.whole(sum(counts.values()))
    return ", ".join(words[kind].format(count=text.whole(count), total=total) for kind, count in counts.items())


def _sum(counts: Iterable[Mapping[Edges, int]]) -> Mapping[Edges, int]:
    total: Counter[Edges] = Counter()
    for each in counts:
        total.update(each)
    return total


def agreement(found: Agreement | None) -> str:
    """The largest difference of two readings, and in how many windows it was too large."""
    if found is None:
        return text.NOTHING
    beyond = found.windows - found.agreeing
    if not beyond:
        return text.at_most(found.worst)
    if found.windows == 1:  # all windows of the point at once
        return _("{worst} (too far apart)").format(worst=text.at_most(found.worst))
    words = _("{worst} ({count} of {total} windows too far apart)")
    return words.format(worst=text.at_most(found.worst), count=text.whole(beyond), total=text.whole(found.windows))
