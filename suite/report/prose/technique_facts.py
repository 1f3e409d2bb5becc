"""What figures say of a technique beside what it says of itself: measured in runs, and published by others."""

from __future__ import annotations

from collections.abc import Sequence

from suite.analysis.published import PublishedEffect, published_effects
from suite.analysis.summary import PointSummary
from suite.report.prose.published_words import MEASURES, figure
from suite.text import labels
from suite.text import numbers as text
from suite.text.i18n import _, ngettext


def measured(technique: str, points: Sequence[PointSummary]) -> list[str]:
    """A line for each task, phase and hardware that ``technique`` was measured on, alone and not in a stack."""
    found: dict[tuple[str, str, str], list[PointSummary]] = {}
    for point in points:
        if point.mitigation == technique and len(point.mitigations) == 1 and point.energy_ratio is not None:
            found.setdefault((point.task, point.phase, point.hardware or ""), []).append(point)
    return [_line(*key, members) for key, members in found.items()]


def published(technique: str) -> str:
    """Published changes with their sources, those of energy first; empty where none is known."""
    found = [effect for effect in published_effects() if effect.concerns(technique) and figure(effect) != text.NOTHING]
    ordered = sorted(found, key=lambda effect: list(MEASURES).index(effect.measure))
    return "; ".join(map(_published, ordered))


def _line(task: str, phase: str, hardware: str, points: Sequence[PointSummary]) -> str:
    where = [labels.words(task), *([text.words(phase)] if phase == "training" else []), hardware]
    basis = ", ".join(dict.fromkeys(text.words(point.energy_basis or "") for point in points))
    words = _("energy {change}{scores} ({where}; {basis})")
    return words.format(
        change=_changes(points), scores=_scores(points), where=", ".join(filter(None, where)), basis=basis
    )


def _changes(points: Sequence[PointSummary]) -> str:
    if len(points) == 1:
        (point,) = points
        interval = text.change_interval(point.energy_ratio_low, point.energy_ratio_high)
        return f"{text.change(point.energy_ratio)} {interval}".rstrip()
    ratios = [point.energy_ratio for point in points if point.energy_ratio is not None]
    words = ngettext("{low} to {high} over {n} point", "{low} to {high} over {n} points", len(points))
    return words.format(low=text.change(min(ratios)), high=text.change(max(ratios)), n=text.whole(len(points)))


def _scores(points: Sequence[PointSummary]) -> str:
    deltas = [point.score_delta for point in points if point.score_delta is not None]
    if not deltas:
        return ""
    metric = next(point.metric for point in points if point.score_delta is not None)
    ends = list(dict.fromkeys(text.score_change(delta, metric) for delta in (min(deltas), max(deltas))))
    change = ends[0] if len(ends) == 1 else _("{low} to {high}").format(low=ends[0], high=ends[1])
    return ", " + _("{metric} {change}").format(metric=text.words(metric or ""), change=change)


def _published(effect: PublishedEffect) -> str:
    where = ", ".join(filter(None, (effect.hardware, effect.source)))
    return f"{_(MEASURES[effect.measure])} {figure(effect)} ({where})"
