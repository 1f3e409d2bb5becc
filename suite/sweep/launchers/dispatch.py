"""The points of a sweep on other machines or GPUs: what travels there, what is done there, what comes back."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.config.build import plan_of, plan_on
from suite.config.plan import Plan, PlannedPoint
from suite.errors import InputError
from suite.machine import device_lock
from suite.machine.log_levels import quieten
from suite.machine.openmp import wait_passively
from suite.measure.draft import Draft, now
from suite.record.schema import Reason, Record
from suite.record.store import RecordError, load, save
from suite.sweep.launchers import gpus, ray_cluster, slurm
from suite.sweep.launchers.choice import BASIC, GPUS, launcher_of, sets, settings_of
from suite.sweep.launchers.outcome import Engine, Lost
from suite.sweep.point_run import Reporter, run_one

_ENGINES: dict[str, Engine] = {GPUS: gpus.run, "submitit_slurm": slurm.run, "ray": ray_cluster.run}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RemotePoint:
    """What travels to a node: plain data, from which the node builds the point by itself.

    Attributes:
        folder: the submitter's working folder, which relative paths of the configuration start from.
    """

    overrides: list[str]
    labels: dict[str, str]
    config: dict[str, Any]
    folder: Path


def plan_remote(config: dict[str, Any], labels: dict[str, str]) -> Plan:
    """The plan of a point for another machine: checked as here, but its device is taken at its word.

    The machine that submits to a cluster is often one without a GPU.

    Raises:
        InputError: the device is left open, or as ``plan_of`` says.
    """
    device = config["device"]
    if device not in ("cpu", "cuda"):
        remedy = "say what the nodes have: device=cuda or device=cpu"
        raise InputError("a launcher that measures on other machines needs their device", got=device, remedy=remedy)
    return plan_on(device, config, labels)


def measure(remote: RemotePoint) -> Record | Lost:
    """On the node: measures the point as a sweep there would, in a process of its own, into the run's folder.

    Where another job of the same user is measuring on the device, it is waited for.
    """
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # torch's numbers are then NVML's
    quieten()
    wait_passively()
    if remote.folder.is_dir():
        os.chdir(remote.folder)
    try:
        plan = plan_of(remote.config, remote.labels)
        point = PlannedPoint(overrides=remote.overrides, labels=remote.labels, plan=plan)
        devices = device_lock.names_of(plan.point.device, spread=plan.point.device_map is not None)
        with device_lock.held(devices, str(plan.config["name"]), wait=True):
            return run_one(point, Reporter())
    except InputError as error:
        return Lost(kind="bad_input", message=str(error))


def run_remote(points: Sequence[PlannedPoint], reporter: Reporter) -> list[Record]:
    """Runs ``points`` with the launcher they name and returns their records, in the order they ended.

    A point whose job, worker or node is lost becomes a failed record, written here.

    Raises:
        InputError: the launcher cannot start, or the points do not fit it.
    """
    name = launcher_of([point.overrides for point in points])
    settings = _settings(name, points)
    folder = points[0].plan.run_folder / "records"
    known = {path.name for path in folder.glob("*.json")}
    started_at = now()
    remotes = [
        RemotePoint(overrides=point.overrides, labels=point.labels, config=point.plan.config, folder=Path.cwd())
        for point in points
    ]
    records = []
    with contextlib.closing(_ENGINES[name](measure, remotes, settings)) as answers:
        for number, answer in answers:
            record = _gathered(points[number], answer, known, started_at)
            reporter.end(points[number].title, record.status, record.reason)
            records.append(record)
    return records


def devices_at_once(points: Sequence[PlannedPoint]) -> int | None:
    """How many of ``points`` are measured at once, each on a device of its own; None where only the cluster knows.

    Raises:
        InputError: the launcher is to use every GPU of this machine, and there is none.
    """
    name = launcher_of([point.overrides for point in points])
    if name == BASIC or not points:
        return 1
    overrides, device = points[0].overrides, points[0].plan.point.device
    settings = settings_of(overrides)
    if name == GPUS:
        return gpus.workers(settings) if device == "cuda" else 1
    if name == "ray":
        return ray_cluster.workers(settings, device)
    # Left at its default it says nothing of how many nodes there are.
    return int(settings["array_parallelism"]) if sets(overrides, "hydra.launcher.array_parallelism") else None


def _settings(name: str, points: Sequence[PlannedPoint]) -> dict[str, Any]:
    """The launcher's settings, completed by what the points' device needs.

    Raises:
        InputError: the devices of the points do not fit the launcher or each other.
    """
    devices = sorted({point.plan.point.device for point in points})
    settings = settings_of(points[0].overrides)
    if len(devices) > 1:
        raise InputError("a launcher's points share one kind of device", got=devices, remedy="give one device=")
    (device,) = devices
    if name in (GPUS, "ray") and any(point.plan.point.device_map for point in points):
        remedy = "leave one of them out: without the launcher, points are measured one after another"
        what = f"hydra/launcher={name} gives each point one GPU, and device_map spreads it over several"
        raise InputError(what, got=name, remedy=remedy)
    if name == GPUS and device != "cuda":
        remedy = "leave it out: workers on one processor would spoil each other's energy"
        raise InputError("hydra/launcher=gpus is for device=cuda", got=device, remedy=remedy)
    return slurm.with_node_alone(settings, device) if name == "submitit_slurm" else settings | {"device": device}


def _gathered(point: PlannedPoint, answer: Record | Lost, known: set[str], started_at: str) -> Record:
    """The point's record, in the run's folder of this machine whatever came back."""
    folder = point.plan.run_folder / "records"
    new = [path for path in folder.glob(f"{point.plan.point.point_id}-*.json") if path.name not in known]
    if isinstance(answer, Record):
        if not new:  # the node does not share this folder
            save(answer, folder)
        return answer
    for path in new:  # the job was lost after its record was written
        with contextlib.suppress(RecordError):
            return load(path)
    # Where it ran is not known here, and this machine's own hardware would be a wrong answer.
    unknown: dict[str, Any] = {"hardware": {}, "driver": {}}
    draft = Draft(plan=point.plan, started_at=started_at, environment=unknown)
    record = draft.record("failed", Reason(kind=answer.kind, message=answer.message))
    save(record, folder)
    return record
