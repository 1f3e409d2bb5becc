"""The first screen: the question, where it was asked, and the answer in words for each task."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from suite.report import limits
from suite.report.charts.forest import forest_chart
from suite.report.charts.tradeoff import tradeoff_chart
from suite.report.charts.vega import Chart
from suite.report.prose import accuracy_threshold, instruments, sentences
from suite.report.prose.accuracy_threshold import Gate
from suite.report.prose.reservations import cautioned, reservations
from suite.report.prose.sentences import Answer
from suite.report.prose.still_open import still_open
from suite.report.prose.style import LOOKS
from suite.report.prose.tiles import tiles
from suite.report.safe import safe_json
from suite.report.view_model import Group, Report
from suite.text.i18n import _

ORDER = 10
TITLE = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """One task (of one run, where there are several): what was found, and its chart in small.

    The chart is the trade-off, or the energy alone where nothing was scored. Then ``gate`` is None, and ``scored``
    (what the scores are of) is empty.
    """

    name: str
    answer: sentences.Answer
    run: str | None
    chart: Chart | None
    gate: Gate | None
    scored: str


MOST_CARDS = 24
MOST_UNTREATED = 3
"""Cards of tasks without any technique: more of them are one sentence, and the ranking of tasks comes sooner."""
MOST_GATED = 400
"""Scored techniques on a page whose cards have gates: the first cards that come to no more."""


def context(report: Report) -> dict[str, Any]:
    """Cards, instruments and counts."""
    by_card: dict[tuple[str, str], list[Group]] = {}
    for group in report.groups:
        by_card.setdefault((group.task, group.entries[0].point.run), []).append(group)
    several = len({run for _, run in by_card}) > 1
    untreated = [key for key, groups in by_card.items() if not any(map(_has_techniques, groups))]
    named = untreated if len(untreated) > MOST_UNTREATED else []
    shown = [(key, groups) for key, groups in by_card.items() if key not in named][:MOST_CARDS]
    cards = _with_gates([(_card(task, run if several else None, groups), groups) for (task, run), groups in shown])
    gated = [card for card in cards if card.gate is not None]
    return {
        "tiles": tiles(report),
        "linked": limits.linked(report),
        "cards": cards,
        "untreated": list(dict.fromkeys(by_card[key][0].name for key in named)),
        "gates": len(gated),
        "gate_number": lambda card: gated.index(card) + 1,
        "gate_data": lambda line, rest: gate_data(gated, line, rest),
        "hint": accuracy_threshold.gate_hint,
        "comparisons": max((point.comparisons for point in report.points if point.comparisons > 1), default=0),
        "nothing_measured": instruments.nothing_measured(report),
        "sources": instruments.sources(report),
        "checks": instruments.checks(report),
        "reservations": reservations(report.points),
        "still_open": still_open(report.points),
        "cautioned": cautioned(report.points),
        "hardware": list(dict.fromkeys(point.hardware for point in report.points if point.hardware)),
        "last": max((point.finished_at for point in report.points), default=None),
    }


def _has_techniques(group: Group) -> bool:
    return any(entry.point.mitigations for entry in group.entries)


def _card(task: str, run: str | None, groups: list[Group]) -> Card:
    leading = sentences.leading_group(groups)
    tradeoff = None if leading is None else tradeoff_chart(leading)
    chart = tradeoff or (None if leading is None else forest_chart(leading))
    return Card(
        name=groups[0].name,
        answer=sentences.answer(task, groups),
        run=run,
        chart=chart,
        gate=None,
        scored="" if leading is None else sentences.scored(leading),
    )


def _with_gates(cards: Sequence[tuple[Card, list[Group]]]) -> list[Card]:
    """The cards, the first ones with gates: as many as the page can hold the settings of."""
    left, found = MOST_GATED, []
    for card, groups in cards:
        gate = accuracy_threshold.gate(card.answer.task, groups) if left > 0 else None
        left -= len(gate.points) if gate else 0
        found.append(dataclasses.replace(card, gate=gate))
    return found


def gate_data(cards: Sequence[Card], line: Callable[[Answer], str], rest: Callable[[Answer], str]) -> Markup:
    """JSON for the page's script: each card's settings, worded, by the number of its gate; and words of the verdicts.

    ``line`` and ``rest`` make the HTML of an answer.
    """
    gates = [card.gate for card in cards if card.gate is not None]
    found = {
        "gates": {
            number: {
                "margin": gate.margin,
                "charts": [f"tradeoff-{group}" for group in gate.groups],
                "settings": [[each.least, str(line(each.answer)), str(rest(each.answer))] for each in gate.settings],
                "points": gate.points,
            }
            for number, gate in enumerate(gates, start=1)
        },
        "verdicts": {name: _(look.words) for name, look in LOOKS.items()},
    }
    return Markup(safe_json(found))  # noqa: S704 - escaped by safe_json
