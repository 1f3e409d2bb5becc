"""Everything that weakens a figure, in one place, with what to do about it."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report.view_model import Report
from suite.text.i18n import N_

ORDER = 80
TITLE = N_("Warnings")


@dataclasses.dataclass(frozen=True)
class Caution:
    """One kind of warning and the points that it was raised for: name, anchor and message of each.

    ``message`` is empty where it differs from point to point.
    """

    title: str
    message: str
    remedy: str
    points: tuple[tuple[str, str, str], ...]

    @property
    def count(self) -> int:
        """How many points: one may have the same warning twice, once for each arm."""
        return len({anchor for _, anchor, _ in self.points})


def context(report: Report) -> dict[str, Any]:
    """Warnings, the most widespread first, and files that could not be read."""
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for group in report.groups:
        for entry in group.entries:
            for warning in entry.point.warnings:
                where = (f"{group.name}: {entry.label}", entry.anchor, warning.message)
                found.setdefault((warning.code, warning.remedy), []).append(where)
    cautions = [_caution(code, remedy, points) for (code, remedy), points in found.items()]
    return {"cautions": sorted(cautions, key=lambda caution: -caution.count)}


def _caution(code: str, remedy: str, points: list[tuple[str, str, str]]) -> Caution:
    messages = {message for _, _, message in points}
    return Caution(code.replace("_", " "), messages.pop() if len(messages) == 1 else "", remedy, tuple(points))
