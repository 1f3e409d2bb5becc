"""What applying a technique cost once, and after how many queries its saving has repaid that."""

from __future__ import annotations

from typing import Any

from suite.report import limits
from suite.report.view_model import Report
from suite.text.i18n import N_

ORDER = 50
TITLE = N_("One-off cost and break-even")


def context(report: Report) -> dict[str, Any] | None:
    """Points whose technique took time to apply, by group."""
    tables = []
    for group in limits.detailed_groups(report):
        entries = [e for e in limits.detailed(report, group) if e.point.apply_duration_s is not None]
        if entries:
            tables.append((group, [(entry, entry.outcome) for entry in entries if entry.point.status == "ok"]))
    return {"tables": tables, "left_out": limits.left_out(report)} if tables else None
