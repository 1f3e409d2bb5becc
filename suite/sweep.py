"""Runs points one after another through a Hydra launcher: what is done is skipped, what fails is recorded."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, open_dict

from suite import environment
from suite.assemble import plan_of
from suite.errors import InputError
from suite.files import synced_temporary
from suite.isolation import Job, Outcome, run_here, run_isolated
from suite.overrides import CONF, composed, labels, resolved
from suite.record import (
    Reason,
    Record,
    RecordError,
    Status,
    load,
    load_run,
    newest_by_point,
    save,
)
from suite.runner import OUT_OF_REACH, Plan, config_hash, make_record, now

STARTUP_S = 6.0  # of a point beside warm-up and windows: start, loading, applying, scoring; for the forecast only


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedPoint:
    """One point of the sweep: its overrides and the plan they make."""

    overrides: list[str]
    labels: dict[str, str]
    plan: Plan

    @property
    def title(self) -> str:
        """For people: task, technique, and what is not usual."""
        point = self.plan.point
        return f"{point.task} · {point.label}" + ("" if point.workload == "offline" else f" · {point.workload}")


def planned(points: list[list[str]]) -> list[PlannedPoint]:
    """Composes and builds every point, so that a mistake in the last one is found before the first one runs.

    Raises:
        InputError: a point's configuration is wrong.
    """
    found = []
    for overrides in points:
        config = resolved(composed(overrides))
        names = labels(config, overrides)
        found.append(PlannedPoint(overrides=overrides, labels=names, plan=plan_of(config, names)))
    _check_distinct(found)
    return found


def _check_distinct(points: list[PlannedPoint]) -> None:
    """One run, and no two points that its report could not tell apart.

    Raises:
        InputError: otherwise.
    """
    names = sorted({str(each.plan.config["name"]) for each in points})
    if len(names) > 1:
        raise InputError("a sweep is one run", got=names, remedy="give one name=")
    seen: dict[str, PlannedPoint] = {}
    for each in points:
        first = seen.setdefault(each.plan.point.point_id, each)
        if config_hash(first.plan.config) != config_hash(each.plan.config):
            different = sorted(set(first.overrides) ^ set(each.overrides))
            raise InputError(
                "points that differ only in how they are measured would hide each other in one report",
                got=different,
                remedy="measure them in runs of their own, name=…",
            )


def pending(points: list[PlannedPoint]) -> list[PlannedPoint]:
    """Those whose record that the report shows is not of this configuration, machine and packages, or not final.

    Failed points are tried again, and so are those that were skipped because the hub was out of reach.
    """
    if not points:
        return []
    shown = {record.point_id: record for record in newest_by_point(load_run(run_folder(points[0]))[0])}
    here = {
        device: _surroundings(environment.describe(device)) for device in {each.plan.point.device for each in points}
    }
    return [
        each
        for each in points
        if not _is_done(
            shown.get(each.plan.point.point_id), config_hash(each.plan.config), here[each.plan.point.device]
        )
    ]


def _is_done(record: Record | None, configuration: str, surroundings: tuple[Any, ...]) -> bool:
    if record is None or record.status == "failed" or (record.reason and record.reason.kind == OUT_OF_REACH):
        return False
    return record.config_hash == configuration and _surroundings(record.environment) == surroundings


def _surroundings(described: dict[str, Any]) -> tuple[Any, ...]:
    hardware = described.get("hardware", {})
    return hardware.get("name"), tuple(sorted(described.get("packages", {}).items()))


def run_folder(point: PlannedPoint) -> Path:
    """The folder of the run that a point belongs to."""
    return Path(point.plan.config["runs_dir"]) / str(point.plan.config["name"])


def forecast_s(points: list[PlannedPoint]) -> tuple[float, float]:
    """Seconds the points will take, at least and at most, as far as the protocol decides it."""
    ranges = [each.plan.protocol.expected_s(each.plan.point.device) for each in points]
    return sum(low + STARTUP_S for low, _ in ranges), sum(high + STARTUP_S for _, high in ranges)


class Reporter:
    """What the sweep tells while it runs; the command line draws it."""

    def begin(self, title: str) -> None:
        """A point starts."""

    def stage(self, text: str) -> None:
        """The point has come to a stage."""

    def end(self, title: str, status: Status, reason: Reason | None) -> None:
        """The point has ended."""


def run(points: list[PlannedPoint], reporter: Reporter) -> list[Record]:
    """Runs ``points`` through Hydra's launcher and returns their records.

    Raises:
        InputError: a point found its model or data wrong; earlier records are kept.
    """
    by_number = dict(enumerate(points))
    records: list[Record] = []

    def job(config: DictConfig) -> None:
        point = by_number[int(HydraConfig.get().job.num)]
        records.append(_run_one(point, reporter))

    batch = [[*each.overrides, f"hydra.sweep.subdir=jobs/{each.plan.point.point_id}"] for each in points]
    try:
        for result in _launcher(points[0].overrides, job).launch(batch, initial_job_idx=0):
            if result.status is not JobStatus.COMPLETED:
                raise result._return_value  # the job's own exception; the public property prints before it raises
    finally:
        GlobalHydra.instance().clear()
    return records


def _launcher(overrides: list[str], job: Callable[[DictConfig], None]) -> Launcher:
    """Hydra's launcher as its basic sweeper would make it; experiments are lists of points, not only products."""
    GlobalHydra.instance().clear()
    hydra = Hydra.create_main_hydra2("suite", create_config_search_path(str(CONF)))
    config = hydra.compose_config("config", overrides, run_mode=RunMode.MULTIRUN, with_log_configuration=False)
    with open_dict(config):
        config.hydra.mode = RunMode.MULTIRUN
    HydraConfig.instance().set_config(config)
    context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks(config))
    return Plugins.instance().instantiate_launcher(hydra_context=context, task_function=job, config=config)


def _run_one(point: PlannedPoint, reporter: Reporter) -> Record:
    plan, folder = point.plan, run_folder(point)
    started_at = now()
    job = Job(
        config=plan.config,
        labels=point.labels,
        records=folder / "records",
        log=folder / "logs" / f"{plan.point.point_id}.log",
        timeout_s=float(plan.config["point_timeout_s"]),
    )
    reporter.begin(point.title)
    runs = run_isolated if plan.config["isolation"] == "process" else run_here
    record = _record_of(runs(job, reporter.stage), plan, job, started_at)
    reporter.end(point.title, record.status, record.reason)
    return record


def _record_of(outcome: Outcome, plan: Plan, job: Job, started_at: str) -> Record:
    """The record a point left, or one that says how its process died."""
    kind, message = outcome.kind or "crashed", outcome.message or ""
    if outcome.record is not None:
        try:
            return load(outcome.record)
        except RecordError as error:
            kind, message = "unreadable_record", str(error)
    record = make_record(plan, "failed", Reason(kind=kind, message=message), started_at)
    return load(save(record, job.records))


def check_folder(folder: Path) -> None:
    """Makes the run's folder.

    Raises:
        InputError: it cannot be made or written.
    """
    try:
        with synced_temporary(folder, b""):
            pass
    except OSError as error:
        raise InputError(
            f"the run's folder cannot be written ({error})", got=str(folder), remedy="runs_dir=…"
        ) from error


def check_name(name: str) -> None:
    """Refuses run names that are more or less than one folder's name.

    Raises:
        InputError: the name is empty, has a slash, or climbs.
    """
    if not re.fullmatch(r"[\w][\w.+=@-]*", name):
        raise InputError("name must be one folder below runs_dir", got=name, remedy="use letters, digits, - and _")
