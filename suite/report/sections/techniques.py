"""The table of techniques: every point, with its verdict; those that did not run keep their reasons."""

from __future__ import annotations

from typing import Any

from suite.report import limits
from suite.report.prose import asides, sentences
from suite.report.prose.style import LOOKS
from suite.report.view_model import Group, Report
from suite.text import numbers as text
from suite.text.i18n import N_, _

ORDER = 30
TITLE = N_("All techniques")


def context(report: Report) -> dict[str, Any] | None:
    """One table a group, each with one unit of energy; names link to the points that have details."""
    if not report.groups:
        return None
    linked = limits.linked(report)
    found = {point.claim for point in report.points}
    return {
        "tables": [(group, _unit(group)) for group in report.groups],
        "columns": columns,
        "same": sentences.same_scores,
        "trained": asides.trained,
        "training_alone": asides.training_alone,
        "linked": lambda entry: entry.anchor in linked,
        "verdicts": [verdict for verdict in LOOKS if verdict in found],
    }


def columns(group: Group) -> tuple[tuple[str, str, str], ...]:
    """Heading, what stands below it, and whether it sorts as text or as a number."""
    query = _("energy per training sample") if group.is_per_sample else _("energy per query")
    thousand = _("per 1,000 training samples") if group.is_per_sample else _("per 1,000 queries")
    return (
        (_("technique"), "", "text"),
        (_("verdict"), _("in words"), "text"),
        (query, _("technique"), "number"),
        (_("energy change"), _("95 % interval"), "number"),
        (_("score"), _("technique"), "number"),
        (_("score change"), _("above 0 is better"), "number"),
        (_("latency change"), _("median"), "number"),
        (_("repaid after"), _("training samples") if group.is_per_sample else _("queries"), "number"),
        (_("CO₂e"), thousand, "number"),
    )


def _unit(group: Group) -> text.Scale:
    return text.scale_for([entry.point.energy_per_query_j for entry in group.entries], text.ENERGY_SCALES)
