"""Runs points one after another through a Hydra launcher: what is done is skipped, what fails is recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

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

from suite.config.build import plan_of
from suite.config.expand import composed, labels, resolved, search_path_of
from suite.config.plan import PlannedPoint
from suite.errors import InputError
from suite.io.atomic import synced_temporary
from suite.io.paths import CONF
from suite.io.redaction import known_secrets, refuse_secrets
from suite.machine import device_lock
from suite.record.hashing import config_hash
from suite.record.schema import Record
from suite.sweep import resume
from suite.sweep.failure_kinds import FULL
from suite.sweep.forecast import Forecast, forecast
from suite.sweep.launchers.choice import BASIC, PACKAGES, launcher_of
from suite.sweep.launchers.dispatch import devices_at_once, plan_elsewhere, run_elsewhere
from suite.sweep.point_run import Reporter, run_one
from suite.sweep.resume import Retrospect

STARTUP_S = 6.0  # of a point beside warm-up and windows: start, loading, applying, scoring; for the forecast only


def planned(points: list[list[str]]) -> list[PlannedPoint]:
    """Composes and builds every point, so that a mistake in the last one is found before the first one runs.

    Raises:
        InputError: a point's configuration is wrong.
    """
    plan = plan_elsewhere if launcher_of(points) in PACKAGES else plan_of
    secrets = known_secrets()
    found = []
    for overrides in points:
        config = resolved(composed(overrides))
        if search_path := search_path_of(overrides):
            config["searchpath"] = search_path
        refuse_secrets(config, secrets)
        own = {key: str(config.pop(key)) for key in ("retry", "lock")}
        if own["lock"] not in ("error", "wait", "none"):
            raise InputError("lock must be error, wait or none", got=own["lock"], remedy="choose one")
        names = labels(config, overrides)
        found.append(PlannedPoint(overrides=overrides, labels=names, plan=plan(config, names), **own))
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


def look_back(points: list[PlannedPoint]) -> Retrospect:
    """What the run already has of ``points``, and what is left to measure.

    Raises:
        InputError: the points' ``retry`` is unknown.
    """
    anywhere = launcher_of([point.overrides for point in points]) in PACKAGES  # which node a point gets is not known
    return resume.look_back(points, points[0].plan.run_folder, retry=points[0].retry, anywhere=anywhere)


def pending(points: list[PlannedPoint]) -> list[PlannedPoint]:
    """The points that are left to measure."""
    return look_back(points).todo


def forecast_s(points: list[PlannedPoint]) -> Forecast:
    """Seconds the points will take with the launcher they name, as far as the protocol decides it.

    Raises:
        InputError: the launcher is to use what is not here.
    """
    ranges_s = [each.plan.protocol.expected_s(each.plan.point.device) for each in points]
    return forecast([(low + STARTUP_S, high + STARTUP_S) for low, high in ranges_s], devices_at_once(points))


def run(points: list[PlannedPoint], reporter: Reporter, *, alone: bool = False) -> list[Record]:
    """Runs ``points`` through Hydra's launcher and returns their records.

    Args:
        points: to be measured, of one run.
        reporter: told what happens.
        alone: the sweep is this one point: what is wrong with its input is raised, not recorded.

    Raises:
        InputError: the device is taken by another run, the disk is full, or a lone point's input is wrong; earlier
            records are kept.
        KeyboardInterrupt: Ctrl-C, after the window was finished and the point's record saved.
    """
    by_number = dict(enumerate(points))
    records: list[Record] = []

    def job(config: DictConfig) -> None:
        point = by_number[int(HydraConfig.get().job.num)]
        records.append(run_one(point, reporter, alone=alone))

    batch = [[*each.overrides, f"hydra.sweep.subdir=jobs/{each.plan.point.point_id}"] for each in points]
    folder = points[0].plan.run_folder
    try:
        if launcher_of([point.overrides for point in points]) != BASIC:
            return run_elsewhere(points, reporter)
        devices = {device_lock.name_of(each.plan.point.device) for each in points if each.lock != "none"}
        with device_lock.held(sorted(devices), folder.name, wait=points[0].lock == "wait", say=reporter.say):
            for result in _launcher(points[0].overrides, job).launch(batch, initial_job_idx=0):
                if result.status is not JobStatus.COMPLETED:
                    raise result._return_value  # the job's own exception; the public property prints before it raises
    except OSError as error:
        if error.errno not in FULL:
            raise
        remedy = "make room; what was measured is kept, and the same command again goes on"
        raise InputError(
            f"the run's folder takes no more ({error.strerror})", got=str(folder), remedy=remedy
        ) from error
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
