"""One point of a sweep, on this machine: what it is, whom it tells, and how it becomes a record on the disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from suite.config.plan import Plan, PlannedPoint
from suite.measure.block_limits import BUDGET, UNLIMITED, Limits
from suite.measure.draft import Draft, now
from suite.measure.findings import learn
from suite.record.schema import Reason, Record, Status
from suite.record.store import RecordError, load, save
from suite.stats import cross_checks
from suite.sweep.failure_kinds import classified
from suite.sweep.messages import Job
from suite.sweep.process import TIMEOUT, Outcome, run_here, run_isolated


class Reporter:
    """What the sweep tells while it runs; the command line draws it."""

    def begin(self, title: str) -> None:
        """A point starts."""

    def stage(self, text: str, left_s: tuple[float, float] | None = None) -> None:
        """The point has come to a stage. ``left_s``: how long it takes from here, at least and at most, once known."""

    def end(self, title: str, status: Status, reason: Reason | None) -> None:
        """The point has ended."""

    def left_out(self, count: int, why: str) -> None:
        """So many points are not measured."""

    def say(self, line: str) -> None:
        """Something about the sweep as a whole."""


def run_one(point: PlannedPoint, reporter: Reporter, *, alone: bool = False, limits: Limits = UNLIMITED) -> Record:
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
        timeout_s=min(float(plan.config["point_timeout_s"]), limits.left_s),
        limits=limits,
    )
    reporter.begin(point.title)
    runs = run_isolated if plan.config["isolation"] == "process" else run_here
    outcome = runs(job, lambda stage: reporter.stage(stage.text, stage.left_s))
    if outcome.kind == TIMEOUT and limits.left_s == 0:
        what = "no time was left to finish it in the budget; the same command again measures it"
        outcome = dataclasses.replace(outcome, kind=BUDGET, message=what)
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
    try:
        return load(save(_failed(outcome, plan, started_at), records))
    except RecordError as error:
        without = Outcome(record=None, kind="unreadable_record", message=str(error))
        return load(save(_failed(without, plan, started_at), records))


def _failed(outcome: Outcome, plan: Plan, started_at: str) -> Record:
    """The record of a point that left none, with every block that it had finished."""
    draft = Draft(plan=plan, started_at=started_at)
    for findings in outcome.found:
        learn(draft, findings)
    noted = {warning.code for warning in draft.warnings}
    meter: dict[str, Any] = draft.environment.get("meter", {})
    seen = cross_checks.warnings_of(draft.windows, draft.idle, meter, pairing=draft.pairing)
    draft.warnings += [warning for warning in seen if warning.code not in noted]
    blocks = len({window.block for window in draft.windows})
    kept = f"; finished blocks kept: {blocks}" if blocks else ""
    reason = Reason(kind=outcome.kind or "crashed", message=f"{outcome.message or ''}{kept}")
    return draft.record("skipped" if outcome.kind == BUDGET else "failed", classified(reason))
