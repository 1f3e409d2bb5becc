"""Everything that weakens a figure, in one place, with what to do about it."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report.model import Report

ORDER = 80
TITLE = "Warnings"


@dataclasses.dataclass(frozen=True)
class Caution:
    """One warning and the points that it was raised for."""

    code: str
    message: str
    remedy: str
    points: tuple[tuple[str, str], ...]


def context(report: Report) -> dict[str, Any]:
    """Warnings, the most widespread first, and files that could not be read."""
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for group in report.groups:
        for entry in group.entries:
            for warning in entry.point.warnings:
                key = (warning.code, warning.message, warning.remedy)
                found.setdefault(key, []).append((f"{group.task}: {entry.label}", entry.anchor))
    cautions = [Caution(*key, tuple(points)) for key, points in found.items()]
    return {"cautions": sorted(cautions, key=lambda caution: -len(caution.points))}
