"""Points of the phase training: energy, time and memory of a training sample, and how many queries it is worth."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.run.training import queries_per_sample
from suite.analysis.summary import PointSummary
from suite.record.schema import Arm
from suite.report import limits
from suite.report.charts.training_chart import training_chart
from suite.report.charts.vega import Chart
from suite.report.view_model import Entry, Group, Report
from suite.text.i18n import N_
from suite.text.labels import key_of

ORDER = 52
TITLE = N_("Training")
MOST_EQUIVALENTS = 6
"""So many comparisons of inference are named beside a group."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Equivalent:
    """How many queries of ``group``'s baseline take the energy of one training sample, read by one ``component``."""

    group: Group
    component: str
    basis: str
    queries: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One group of training. ``chart`` is of whole trainings alone."""

    group: Group
    rows: tuple[Entry, ...]
    equivalents: tuple[Equivalent, ...]
    chart: Chart | None

    @property
    def target_score(self) -> float | None:
        """The score of held-out samples that both arms were trained to."""
        return self.group.entries[0].point.training_target_score


def context(report: Report) -> dict[str, Any] | None:
    """Groups that trained, beside inference of the same model on the same machine."""
    trained = [group for group in limits.detailed_groups(report) if group.is_training and group.ok]
    if not trained:
        return None
    alike: dict[tuple[Any, ...], list[Group]] = {}
    for group in report.groups:
        if not group.is_training and group.ok:
            alike.setdefault(_model_and_machine(group), []).append(group)
    return {
        "views": [_view(report, group, alike.get(_model_and_machine(group), [])) for group in trained],
        "has_costs": any(entry.point.apply_duration_s is not None for group in report.groups for entry in group.ok),
        "seconds_per_sample": seconds_per_sample,
        "steps_of": steps_of,
        "has_whole": any(group.is_whole_training for group in trained),
        "left_out": limits.left_out(report),
    }


def _model_and_machine(group: Group) -> tuple[Any, ...]:
    point = group.entries[0].point
    return (group.run, key_of(point.task), point.model, point.hardware, point.device)


def _view(report: Report, group: Group, inference: list[Group]) -> View:
    """The nearest comparisons first: of the same data type and runtime, then of the nearest batch size."""
    mine = group.entries[0].point

    def distance(other: Group) -> tuple[bool, int]:
        point = other.entries[0].point
        return (point.dtype, point.runtime) != (mine.dtype, mine.runtime), abs(
            point.baseline_batch_size - mine.baseline_batch_size
        )

    equivalents = [
        Equivalent(group=other, component=meter.component, basis=meter.basis, queries=queries)
        for other in sorted(inference, key=distance)[:MOST_EQUIVALENTS]
        for meter, queries in queries_per_sample([e.point for e in group.ok], [e.point for e in other.ok]).items()
    ]
    rows = [entry for entry in limits.detailed(report, group) if entry.point.status == "ok"]
    return View(group=group, rows=tuple(rows), equivalents=tuple(equivalents), chart=training_chart(group))


def seconds_per_sample(samples_per_second: float | None) -> float | None:
    """The time of one sample; None where none was measured."""
    return 1 / samples_per_second if samples_per_second else None


def steps_of(point: PointSummary, arm: Arm) -> int | None:
    """Steps of the arm's whole training; None where none was trained to its end."""
    checks = point.training_curves.get(arm)
    return checks[-1].steps if checks else None
