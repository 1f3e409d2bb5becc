"""Energy by token: of the answer, of prompt and answer, and of prefill and decoding apart."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report import limits
from suite.report.view_model import Entry, Report
from suite.text.i18n import N_

ORDER = 44
TITLE = N_("Prefill and decoding")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """The points of one task and model, over all batch sizes."""

    task: str
    model: str
    rows: tuple[Entry, ...]


def context(report: Report) -> dict[str, Any] | None:
    """One table a task and model whose prefill was measured; None where there is none."""
    tables: dict[tuple[str, str], list[Entry]] = {}
    for group in limits.detailed_groups(report):
        for entry in limits.detailed(report, group):
            if entry.point.status == "ok" and entry.point.prefill_energy_ratio is not None:
                tables.setdefault((entry.point.task, entry.point.model), []).append(entry)
    if not tables:
        return None
    made = [Table(task=task, model=model, rows=_ordered(rows)) for (task, model), rows in tables.items()]
    return {"tables": made, "left_out": limits.left_out(report)}


def _ordered(rows: list[Entry]) -> tuple[Entry, ...]:
    """By technique, then by batch size."""
    return tuple(sorted(rows, key=lambda entry: (entry.label, entry.point.baseline_batch_size)))
