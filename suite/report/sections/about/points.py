"""Every point in full: its windows, what the technique changed, the command that repeats it, its configuration."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.summary import PointSummary
from suite.analysis.technique_cards import cards
from suite.record.dotted_keys import flatten
from suite.report import limits
from suite.report.prose.repeat_command import repeat_command
from suite.report.prose.technique_facts import measured, published
from suite.report.view_model import Report
from suite.text import numbers as text
from suite.text.i18n import N_

ORDER = 100
TITLE = N_("Every point: windows, effect, command, configuration")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Windows:
    """Joules a query of each window, by arm and block, with the unit they are shown in."""

    unit: text.Scale
    blocks: list[int]
    arms: dict[str, dict[int, list[float]]]


def context(report: Report) -> dict[str, Any] | None:
    """Points by group, and functions that the template calls for each."""
    if not report.points:
        return None
    groups = [(group, limits.detailed(report, group)) for group in limits.detailed_groups(report)]
    return {
        "groups": groups,
        "left_out": limits.left_out(report),
        "cards": cards(entry.point for _, entries in groups for entry in entries),
        "measured": lambda name: measured(name, report.points),
        "published": published,
        "command": repeat_command,
        "effect_rows": effect_rows,
        "proof": proof,
        "windows": windows,
    }


def windows(point: PointSummary) -> Windows | None:
    """The point's windows; None where it has none."""
    seen = [window for windows in point.windows.values() for window in windows]
    if not seen:
        return None
    blocks = sorted({window.block for window in seen})
    arms: dict[str, dict[int, list[float]]] = {}
    for arm in ("baseline", "candidate"):
        arms[arm] = {block: [] for block in blocks}
        for window in point.windows.get(arm, []):
            arms[arm][window.block].append(window.energy_per_query_j)
    unit = text.scale_for([window.energy_per_query_j for window in seen], text.ENERGY_SCALES)
    return Windows(unit=unit, blocks=blocks, arms=arms)


def effect_rows(point: PointSummary) -> list[tuple[str, Any, Any]]:
    """What was seen on both arms: name, baseline, candidate."""
    baseline, candidate = point.effect.get("baseline"), point.effect.get("candidate")
    before = flatten(baseline) if isinstance(baseline, dict) else {}
    after = flatten(candidate) if isinstance(candidate, dict) else {}
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]


def proof(point: PointSummary) -> dict[str, Any]:
    """The figures with which each technique proved that it took effect, without what the table shows already."""
    found = point.effect.get("proof")
    shown = (point.effect.get("baseline"), point.effect.get("candidate"))
    techniques = found.items() if isinstance(found, dict) else ()
    return flatten(
        {
            name: {key: value for key, value in figures.items() if value not in shown}
            for name, figures in techniques
            if isinstance(figures, dict)
        }
    )
