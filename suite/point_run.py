"""One point of a sweep, on this machine: what it is, whom it tells, and how it becomes a record on the disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from suite.failures import classified
from suite.isolation import Job, Outcome, run_here, run_isolated
from suite.record import Reason, Record, RecordError, Status, load, save
from suite.runner import Plan, make_record, now


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedPoint:
    """One point of the sweep: its overrides, the plan they make, and what they say of the sweep around it.

    ``retry`` and ``lock`` are the sweep's own: no record holds them, since they say nothing about a figure.
    """

    overrides: list[str]
    labels: dict[str, str]
    plan: Plan
    retry: str = "failed"
    lock: str = "error"

    @property
    def title(self) -> str:
        """For people: task, technique, and what is not usual."""
        point = self.plan.point
        return f"{point.task} · {point.label}" + ("" if point.workload == "offline" else f" · {point.workload}")


def run_folder(point: PlannedPoint) -> Path:
    """The folder of the run that a point belongs to."""
    return Path(point.plan.config["runs_dir"]) / str(point.plan.config["name"])


class Reporter:
    """What the sweep tells while it runs; the command line draws it."""

    def begin(self, title: str) -> None:
        """A point starts."""

    def stage(self, text: str) -> None:
        """The point has come to a stage."""

    def end(self, title: str, status: Status, reason: Reason | None) -> None:
        """The point has ended."""

    def say(self, line: str) -> None:
        """Something about the sweep as a whole."""


def run_one(point: PlannedPoint, reporter: Reporter, *, alone: bool = False) -> Record:
    """Measures ``point`` on this machine and returns its record, which lies in the run's folder.

    Raises:
        InputError: the point found its model or data wrong, and is ``alone``.
        KeyboardInterrupt: Ctrl-C was pressed meanwhile; the record is saved.
    """
    plan, folder = point.plan, run_folder(point)
    started_at = now()
    job = Job(
        config=plan.config,
        labels=point.labels,
        log=folder / "logs" / f"{plan.point.point_id}.log",
        timeout_s=float(plan.config["point_timeout_s"]),
    )
    reporter.begin(point.title)
    runs = run_isolated if plan.config["isolation"] == "process" else run_here
    outcome = runs(job, reporter.stage)
    if outcome.bad_input is not None and alone:
        raise outcome.bad_input
    record = _saved(outcome, plan, folder / "records", started_at)
    reporter.end(point.title, record.status, record.reason)
    if outcome.interrupted:
        raise KeyboardInterrupt
    return record


def _saved(outcome: Outcome, plan: Plan, records: Path, started_at: str) -> Record:
    """The record a point left, or one that says how it died, as it lies on the disk."""
    if outcome.record is not None:
        try:
            return load(save(outcome.record, records))
        except RecordError as error:
            outcome = Outcome(record=None, kind="unreadable_record", message=str(error))
    reason = classified(Reason(kind=outcome.kind or "crashed", message=outcome.message or ""))
    return load(save(make_record(plan, "failed", reason, started_at), records))
