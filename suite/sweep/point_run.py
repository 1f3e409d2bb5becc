"""One point of a sweep, on this machine: what it is, whom it tells, and how it becomes a record on the disk."""

from __future__ import annotations

from pathlib import Path

from suite.config.plan import Plan, PlannedPoint
from suite.measure.draft import Draft, now
from suite.record.schema import Reason, Record, Status
from suite.record.store import RecordError, load, save
from suite.sweep.failure_kinds import classified
from suite.sweep.messages import Job
from suite.sweep.process import Outcome, run_here, run_isolated


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
    plan, folder = point.plan, point.plan.run_folder
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
    return load(save(Draft(plan=plan, started_at=started_at).record("failed", reason), records))
