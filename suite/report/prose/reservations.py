"""What has to be known before the answers are believed: one sentence each for the first screen and summary.md."""

from __future__ import annotations

from collections.abc import Sequence

from suite.analysis.summary import PointSummary
from suite.text import numbers as text
from suite.text.i18n import ngettext

DISCLOSED = frozenset({"cpu_energy_estimated", "not_measured"})
"""Warnings that say what the instrument is, which stands beside every figure: no fault of a point."""


def reservations(points: Sequence[PointSummary]) -> list[str]:
    """The gravest first; each says of how many points it is true."""
    counts = {code: sum(code in codes for codes in map(_codes, points)) for code in _SENTENCES}
    return [sentence(counts[code]) for code, sentence in _SENTENCES.items() if counts[code]]


def cautioned(points: Sequence[PointSummary]) -> int:
    """How many points have a warning beyond those that are disclosed with every figure."""
    return sum(bool(_codes(point) - DISCLOSED) for point in points)


def _codes(point: PointSummary) -> set[str]:
    return {warning.code for warning in point.warnings}


def _at_chance(count: int) -> str:
    return ngettext(
        "In {n} point the baseline itself scores no better than answers that do not look at the items: its accuracy "
        "says nothing. Labels or data may mean something else to the model.",
        "In {n} points the baseline itself scores no better than answers that do not look at the items: their accuracy "
        "says nothing. Labels or data may mean something else to the model.",
        count,
    ).format(n=text.whole(count))


def _outlying(count: int) -> str:
    return ngettext(
        "In {n} point a block lies far from the others, as when a machine stalls: it is in the records, and in no "
        "figure.",
        "In {n} points a block lies far from the others, as when a machine stalls: it is in the records, and in no "
        "figure.",
        count,
    ).format(n=text.whole(count))


def _busy(count: int) -> str:
    return ngettext(
        "During {n} point other work kept this machine busy, which widens its interval and may bias its ratio.",
        "During {n} points other work kept this machine busy, which widens their intervals and may bias their ratios.",
        count,
    ).format(n=text.whole(count))


def _wide(count: int) -> str:
    return ngettext(
        "The interval of {n} point is wider than its protocol asks for.",
        "The intervals of {n} points are wider than their protocol asks for.",
        count,
    ).format(n=text.whole(count))


def _host_bound(count: int) -> str:
    return ngettext(
        "In {n} point the GPU worked in less than 70 % of the time and waited for the host in the rest: its ratio "
        "compares launches more than what was computed. A compiled model (runtime=compiled) or a larger batch is the "
        "remedy.",
        "In {n} points the GPU worked in less than 70 % of the time and waited for the host in the rest: their ratios "
        "compare launches more than what was computed. A compiled model (runtime=compiled) or a larger batch is the "
        "remedy.",
        count,
    ).format(n=text.whole(count))


def _gate_missed(count: int) -> str:
    return ngettext(
        "In {n} point an arm misses the latency gate that was set: it answers too late, whatever it saves.",
        "In {n} points an arm misses the latency gate that was set: it answers too late, whatever it saves.",
        count,
    ).format(n=text.whole(count))


def _saturated(count: int) -> str:
    return ngettext(
        "In {n} point more queries arrive than an arm can answer: its queue grows without end, and its energy per "
        "query is that of offline.",
        "In {n} points more queries arrive than an arm can answer: its queue grows without end, and its energy per "
        "query is that of offline.",
        count,
    ).format(n=text.whole(count))


_SENTENCES = {
    "baseline_at_chance": _at_chance,
    "latency_gate_missed": _gate_missed,
    "saturated": _saturated,
    "outlying_block": _outlying,
    "busy_machine": _busy,
    "host_bound": _host_bound,
    "not_converged": _wide,
}
