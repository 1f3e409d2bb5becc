"""The twelve interventions as tiles: of each the best that was measured here, with its price, or why there is none."""

from __future__ import annotations

import dataclasses

from suite.analysis.run.interventions import InterventionResult, Outcome, covers_all, intervention_results
from suite.analysis.summary import PointSummary
from suite.analysis.technique_cards import cards
from suite.plugins.interventions import INTERVENTIONS
from suite.report.prose.sentences import delta_ends, ratio_ends, same_scores
from suite.report.prose.style import LOOKS
from suite.report.view_model import Entry, Report
from suite.text import numbers as text
from suite.text.i18n import N_, _, ngettext

WORDS: dict[Outcome, str] = {
    "lowers-carbon": N_("lowers carbon, not energy"),
    "costs-energy": N_("costs energy here"),
    "failed": N_("failed here"),
    "skipped": N_("cannot run here"),
}
"""Where a tile does not use the words of the verdict."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """One intervention.

    Attributes:
        name: of the intervention.
        outcome: of its best technique; also the look of the tile.
        words: of the outcome.
        technique: the technique and its task; empty where nothing was measured.
        anchor: of the point's details.
        figure: the change, of energy or of CO2e, and its interval.
        lines: what it costs: score, one-off cost and when that is repaid; or the reason why there is no figure.
        point: that the figures are of; None where nothing was measured.
        others: how many more techniques of the intervention the run has.
    """

    name: str
    outcome: Outcome
    words: str
    technique: str
    anchor: str
    figure: tuple[str, str]
    lines: tuple[str, ...]
    point: PointSummary | None
    others: str

    @property
    def look(self) -> str:
        """The verdict whose colour and shape it has."""
        return "saves" if self.outcome == "lowers-carbon" else self.outcome


def tiles(report: Report) -> list[Tile]:
    """Twelve of them where the run has tried every intervention; else none."""
    known = {name: card.intervention for name, card in cards(report.points).items()}
    results = intervention_results(report.points, known)
    if not covers_all(results):
        return []
    entries = {entry.point.record_id: (group.name, entry) for group in report.groups for entry in group.entries}
    return [_tile(result, *entries[result.point.record_id]) for result in results if result.point is not None]


def _tile(result: InterventionResult, task: str, entry: Entry) -> Tile:
    point, outcome = entry.point, result.outcome
    measured = point.status == "ok" and point.energy_ratio is not None
    more = len(result.tried) - 1
    others = ngettext("one more technique tried", "{count} more techniques tried", more).format(count=more)
    return Tile(
        name=_(INTERVENTIONS[result.key]),
        outcome=outcome,
        words=_words(outcome, point),
        technique=_("{technique}, {task}").format(technique=entry.label, task=task),
        anchor=entry.anchor,
        figure=_figure(point) if measured else ("", ""),
        lines=_lines(entry) if measured else (point.reason or _("no reason was recorded"),),
        point=point if measured else None,
        others=others if more else "",
    )


def _words(outcome: Outcome, point: PointSummary) -> str:
    if outcome == "inconclusive" and point.is_energy_claimed and (point.energy_ratio or 1) < 1:
        return _("saves, loss of accuracy not ruled out")
    return _(WORDS.get(outcome) or LOOKS[outcome].words)  # type: ignore[index]


def _figure(point: PointSummary) -> tuple[str, str]:
    if point.co2e_ratio is not None:
        change = text.change(point.co2e_ratio)
        return _("{change} CO₂e").format(change=change), text.change_interval(
            point.co2e_ratio_low, point.co2e_ratio_high
        )
    return text.change(point.energy_ratio), text.change_interval(*ratio_ends(point))


def _lines(entry: Entry) -> tuple[str, ...]:
    point = entry.point
    energy = []
    if point.co2e_ratio is not None:
        shown = f"{text.change(point.energy_ratio)} {text.change_interval(*ratio_ends(point))}".rstrip()
        energy = [_("energy {change}; the carbon is modelled").format(change=shown)]
    return (*energy, _score(point), _once(entry))


def _score(point: PointSummary) -> str:
    if point.score is None:
        return _("not scored")
    if point.changed_items == 0:
        return same_scores(point)
    interval = text.score_interval(*delta_ends(point), point.metric)
    change = f"{text.score_change(point.score_delta, point.metric)} {interval}".rstrip()
    return _("{metric} {change}").format(metric=text.words(point.metric or ""), change=change)


def _once(entry: Entry) -> str:
    point = entry.point
    if point.apply_duration_s is None:
        return _("no one-off cost")
    if point.apply_energy_j is None:
        return _("one-off cost below what the meter resolves")
    cost = text.energy(point.apply_energy_j)
    if entry.outcome == "repaid":
        queries = text.count(point.break_even_queries)
        if point.phase == "training":
            return _("{cost} once, repaid after {queries} training samples").format(cost=cost, queries=queries)
        return _("{cost} once, repaid after {queries} queries").format(cost=cost, queries=queries)
    if entry.outcome == "never":
        return _("{cost} once, never repaid").format(cost=cost)
    return _("{cost} once").format(cost=cost)
