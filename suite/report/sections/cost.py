"""What applying a technique cost once, and after how many queries its saving has repaid that."""

from __future__ import annotations

from typing import Any

from suite.report.model import Report

ORDER = 50
TITLE = "One-off cost and break-even"


def context(report: Report) -> dict[str, Any] | None:
    """Points whose technique took time to apply, by group."""
    tables = [
        (group, [(entry, entry.outcome) for entry in group.ok if entry.point.apply_duration_s is not None])
        for group in report.groups
    ]
    tables = [(group, rows) for group, rows in tables if rows]
    return {"tables": tables} if tables else None
