"""Energy by token: of the answer, of input and answer, and of prefill and decoding apart."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.summary import PointSummary
from suite.report import limits
from suite.report.view_model import Entry, Report
from suite.text.i18n import N_

ORDER = 44
TITLE = N_("Energy by token")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """The points of one task and model, over all batch sizes."""

    task: str
    model: str
    rows: tuple[Entry, ...]

    @property
    def has_prefill(self) -> bool:
        """Whether prefill was measured."""
        return any(entry.point.baseline_prefill_energy_per_query_j is not None for entry in self.rows)

    @property
    def has_input(self) -> bool:
        """Whether the input is a text, whose tokens count."""
        return any(entry.point.prompt_tokens_per_query is not None for entry in self.rows)


def context(report: Report) -> dict[str, Any] | None:
    """One table a task and model whose answers are written token by token; None where there is none."""
    tables: dict[tuple[str, str], list[Entry]] = {}
    for group in limits.detailed_groups(report):
        for entry in limits.detailed(report, group):
            if entry.point.status == "ok" and _writes_tokens(entry.point):
                tables.setdefault((entry.point.task, entry.point.model), []).append(entry)
    if not tables:
        return None
    made = [Table(task=task, model=model, rows=_ordered(rows)) for (task, model), rows in tables.items()]
    has_prefill = any(table.has_prefill for table in made)
    return {"tables": made, "has_prefill": has_prefill, "left_out": limits.left_out(report)}


def _writes_tokens(point: PointSummary) -> bool:
    """Whether an arm does: one that answers in another way may stand against one that writes."""
    return point.energy_per_token_j is not None or point.baseline_energy_per_token_j is not None


def _ordered(rows: list[Entry]) -> tuple[Entry, ...]:
    """By technique, then by batch size."""
    return tuple(sorted(rows, key=lambda entry: (entry.label, entry.point.baseline_batch_size)))
