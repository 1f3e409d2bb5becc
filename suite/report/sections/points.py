"""Every point in full: what the technique changed, the command that repeats it, its configuration."""

from __future__ import annotations

from typing import Any

from suite.analysis.summary import PointSummary
from suite.report.command import repeat_command
from suite.report.model import Report, flatten

ORDER = 100
TITLE = "Every point: effect, command, configuration"


def context(report: Report) -> dict[str, Any] | None:
    """Functions that the template calls for each point."""
    if not report.points:
        return None
    return {"command": repeat_command, "effect_rows": effect_rows, "proof": proof}


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
