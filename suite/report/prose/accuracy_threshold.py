"""The accuracy gate: what the page's script needs to name the best technique within a loss that the reader sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from suite.report.prose.sentences import upper_first
from suite.report.safe import safe_json
from suite.report.view_model import Entry, Group
from suite.text import numbers as text


def data(groups: Sequence[Group]) -> Markup | None:
    """JSON for the page, by the identifier of each group's trade-off chart; None where no point was scored.

    A candidate passes a gate where the worse end of its score's interval loses no more than the gate, which is the
    verdict's own rule for the task's margin; it saves where its energy interval lies below 1.
    """
    found = {f"tradeoff-{group.number}": _group(group) for group in groups if _candidates(group)}
    return Markup(safe_json(found)) if found else None  # noqa: S704 - escaped by safe_json


def _candidates(group: Group) -> list[Entry]:
    return [
        entry
        for entry in group.scored
        if entry.point.mitigation != "none" and None not in (entry.point.score_delta_low, entry.point.energy_ratio_high)
    ]


def _group(group: Group) -> dict[str, Any]:
    """Losses and the margin are in the units of the chart's axis: percentage points for shares."""
    first = group.scored[0].point
    factor = 100.0 if first.metric in text.SHARE_METRICS else 1.0
    return {
        "margin": (first.margin or 0.0) * factor,
        "baseline": abs(first.baseline_score or 0.0) * factor,
        "candidates": [_candidate(entry, factor) for entry in _candidates(group)],
    }


def _candidate(entry: Entry, factor: float) -> dict[str, Any]:
    point = entry.point
    assert point.energy_ratio is not None
    assert point.score_delta_low is not None
    change = text.score_change(point.score_delta, point.metric)
    interval = text.score_interval(point.score_delta_low, point.score_delta_high, point.metric)
    return {
        "point": point.point_id,
        "technique": upper_first(entry.label),
        "ratio": point.energy_ratio,
        "high": point.energy_ratio_high,
        "loss": -point.score_delta_low * factor,
        "saving": f"{text.saving(point.energy_ratio)} "
        f"{text.saving_interval(point.energy_ratio_low, point.energy_ratio_high)}",
        "change": f"{change} {interval}",
    }
