"""What a query takes without any technique, as a run has it: of which model, what a query is, on which machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from suite.analysis.run.baselines import baseline_of, pooled_baseline_j, smallest_batches
from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, significant
from suite.footprint.scenario import WH_PER_KWH
from suite.footprint.subject import tag_of, year_of
from suite.text.labels import key_of
from suite.units import joules_to_kwh

UNIT = "Wh per query"


class RunQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What one query of a run is. Its energy says nothing of another model, definition or machine.

    Attributes:
        task: its label in the run.
        query: its definition, as recorded; None where the record has none.
        model: that answers it.
        parameters: of the model; None where they were not counted.
        batch_size: queries answered together.
        hardware: the machine; None where it is not named.
    """

    task: str
    query: str | None
    model: str
    parameters: int | None
    batch_size: int
    hardware: str | None

    @property
    def words(self) -> str:
        """As one line."""
        size = "" if self.parameters is None else f" of {significant(self.parameters)} parameters"
        query = self.query or f"one of {self.task}, which the record does not define"
        return f"{query}; by {self.model}{size}, batch {self.batch_size}, on {self.hardware or 'unnamed hardware'}"


def run_query(point: PointSummary) -> RunQuery:
    """What a query of the point's baseline is."""
    task, baseline = point.config.get("task"), point.effect.get("baseline")
    parameters = baseline.get("parameters") if isinstance(baseline, dict) else None
    return RunQuery(
        task=point.task,
        query=str(task["query"]) if isinstance(task, dict) and task.get("query") else None,
        model=point.model,
        parameters=parameters if isinstance(parameters, int) else None,
        batch_size=point.baseline_batch_size,
        hardware=point.hardware,
    )


def baseline_energy(points: Sequence[PointSummary]) -> Figure:
    """Wh a query of the baseline that ``points`` share, the mean over them: as the table of tasks has it."""
    joules = pooled_baseline_j(points)
    assert joules is not None  # run_points lets no other through
    first = points[0]
    of = f"point {first.point_id}" if len(points) == 1 else f"mean over {len(points)} points of one baseline"
    return Figure(
        value=joules_to_kwh(joules) * WH_PER_KWH,
        unit=UNIT,
        tag=tag_of(first),
        source=f"{run_query(first).words}; {first.component}: {first.method}, run {first.run}, {of}",
        year=min(map(year_of, points)),
    )


def task_name(point: PointSummary) -> str:
    """The task's name without what its label adds."""
    return key_of(point.task)


def default_baselines(points: Iterable[PointSummary], task: str) -> list[list[PointSummary]]:
    """Of each model of a task, machine and instrument the points that share the baseline of the smallest batch."""
    apart: dict[tuple[str | None, ...], list[PointSummary]] = {}
    for point in points:
        if task_name(point) == task:
            apart.setdefault(_instrument(point), []).append(point)
    return [members for alike in apart.values() for members in smallest_batches(alike).values()]


def baselines_like(points: Sequence[PointSummary], chosen: Iterable[PointSummary]) -> list[list[PointSummary]]:
    """The points that share the baseline of a chosen one, a list for each baseline."""
    keys = dict.fromkeys((_instrument(point), baseline_of(point)) for point in chosen)
    return [[point for point in points if (_instrument(point), baseline_of(point)) == key] for key in keys]


def _instrument(point: PointSummary) -> tuple[str | None, ...]:
    """Joules are pooled only where these are the same, as in the table of tasks."""
    return point.run, point.hardware, point.component, point.method
