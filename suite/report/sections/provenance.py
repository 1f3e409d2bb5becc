"""Where the joules come from, component by component, and how well the windows were measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.analysis.instrument import Agreement, Instrument
from suite.report import format as text
from suite.report import instruments
from suite.report.model import Report

ORDER = 60
TITLE = "What is measured and what is estimated"


def context(report: Report) -> dict[str, Any] | None:
    """Sources of energy figures, windows, and what is shown beside the headline."""
    sources = instruments.sources(report)
    if not sources:
        return None
    shown = [(group, entry) for group in report.groups for entry in group.ok]
    return {
        "sources": sources,
        "checks": instruments.checks(report),
        "windows": [(group, entry) for group, entry in shown if entry.point.instrument],
        "windows_words": windows_words([e.point.instrument for _, e in shown if e.point.instrument]),
        "boards": any(_has_board(entry.point.instrument) for _, entry in shown),
        "edges": edges,
        "agreement": agreement,
        "beside": [(g, entry) for g, entry in shown if len(entry.point.energy_per_query_by_component_j) > 1],
        "net": [(g, entry) for g, entry in shown if entry.point.idle_power_w is not None],
    }


def _has_board(seen: Instrument | None) -> bool:
    """Whether anything was read beside the energy."""
    return seen is not None and bool(seen.counter or seen.integral or seen.temperature_c or seen.sm_clock_mhz)


def windows_words(seen: Sequence[Instrument]) -> str:
    """All windows of the run in a sentence."""
    if not seen:
        return ""
    counts, lengths_s = [each.windows for each in seen], [each.window_s for each in seen]
    lengths = " to ".join(dict.fromkeys(text.duration(end) for end in (min(lengths_s), max(lengths_s))))
    total_s = sum(each.window_s_total for each in seen)
    how = {edges(each) for each in seen}
    gated = [each.gated for each in seen if each.gated is not None]
    if len(how) > 1 and len(gated) == len(seen):
        how = {f"{sum(gated)} of {sum(counts)} gated on the counter's steps"}
    return (
        f"{text.span([min(counts), max(counts)], 'windows')} a point, {lengths} long (median of a point), "
        f"{text.duration(total_s)} in all" + (f", {how.pop()}." if len(how) == 1 else ".")
    )


def edges(seen: Instrument) -> str:
    """How the windows of a point begin and end."""
    if seen.slices > 1:
        return f"in {seen.slices} slices, taken in turn with the other arm's"
    if seen.gated is None:
        return "in one stretch"
    step = f" of {text.duration(seen.tick_s)}" if seen.tick_s else ""
    return f"{seen.gated} of {seen.windows} gated on the counter's steps{step}"


def agreement(found: Agreement | None) -> str:
    """The largest difference of two readings, and in how many windows it was too large."""
    if found is None:
        return text.NOTHING
    beyond = found.windows - found.agreeing
    return text.at_most(found.worst) + (f" ({beyond} of {found.windows} windows too far apart)" if beyond else "")
