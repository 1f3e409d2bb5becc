"""Plan: one point with its components, ready to be measured, and what the sweep around it knows of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from suite.checkpoints.model_spec import ModelSpec
from suite.core.meter import Meter
from suite.core.mitigation import Mitigation
from suite.core.protocol import Protocol
from suite.core.runtime import Runtime
from suite.core.task import Task
from suite.core.workload import Workload
from suite.endpoint.served_model import Endpoints
from suite.record.schema import Point


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """One point with its components, built from conf.

    Attributes:
        point: what identifies it.
        config: the resolved configuration, from which the plan can be built again.
        mitigations: name to technique, in the order they are applied; empty for baseline against baseline.
        seeds: with so many a technique that trains is trained; its score is taken after each.
        scores_folder: where baseline scores are kept for the other points of the run.
        threads: CPU threads of torch, or None for torch's own choice.
        endpoints: the servers, where the workload is put to some: no model is loaded then.
        served: what the record has in the place of the configuration's own, which names a model that is not loaded.
    """

    point: Point
    config: dict[str, Any]
    task: Task
    model: ModelSpec
    mitigations: dict[str, Mitigation]
    workload: Workload
    runtime: Runtime
    meter: Meter
    protocol: Protocol
    scores_folder: Path
    seed: int
    seeds: int
    threads: int | None
    endpoints: Endpoints | None = None
    served: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def run_folder(self) -> Path:
        """The folder of the run that the point belongs to."""
        return Path(self.config["runs_dir"]) / str(self.config["name"])

    @property
    def recorded_config(self) -> dict[str, Any]:
        """The configuration as the record has it: it names the models that are measured."""
        return self.config | self.served


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlannedPoint:
    """One point of the sweep: its overrides, the plan they make, and what they say of the sweep around it.

    ``retry``, ``lock`` and ``budget`` are the sweep's own: no record holds them, since they say nothing about a figure.
    """

    overrides: list[str]
    labels: dict[str, str]
    plan: Plan
    retry: str = "failed"
    lock: str = "error"
    budget: str | None = None

    @property
    def title(self) -> str:
        """For people: task, technique, and what is not usual."""
        point = self.plan.point
        unusual = [point.workload] * (point.workload != "offline")
        if point.batch_size != self.plan.config["workload"].get("default_batch_size"):
            unusual.append(f"batch {point.batch_size}")
        if point.device_map is not None:
            unusual.append(f"device_map {point.device_map}")
        return " · ".join([point.task, point.label, *unusual])
