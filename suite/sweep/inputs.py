"""Models and data of a sweep's points, looked at once each before the first point, so that none fails for all."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

import msgspec

from suite.checkpoints.before_loading import check_before_loading, check_smaller, is_shipped_for
from suite.checkpoints.model_spec import ModelSpec
from suite.config.plan import Plan, PlannedPoint
from suite.core.task import Task
from suite.data.pieces import is_here
from suite.errors import NotApplicable


def check_inputs(points: Sequence[PlannedPoint]) -> None:
    """Reads local data and what stands beside a local model's weights, once for each pair of them.

    What lies on the hub is left to its point: it is fetched there, and skipped where the hub is out of reach. What the
    suite ships fits, and takes no time here.

    Raises:
        InputError: a file is wrong, a label unknown, or a model's folder lacks what it needs.
    """
    looked_at: dict[bytes, Plan] = {}
    for point in points:
        plan = point.plan
        if plan.endpoints is not None:
            continue  # no model is loaded
        key = msgspec.json.encode([plan.config["task"], plan.config["model"]], enc_hook=str)
        if looked_at.setdefault(key, plan) is plan and (
            plan.task.data is not None or not is_shipped_for(plan.model, plan.task)
        ):
            _check(plan)
        _check_other_models(plan)


def _check_other_models(plan: Plan) -> None:
    """Students, other architectures, small models and drafts that the point's techniques name."""
    for technique in plan.mitigations.values():
        for field in dataclasses.fields(technique):
            other = getattr(technique, field.name)
            if isinstance(other, ModelSpec):
                _check_other_model(other, technique.asked(plan.task), plan)


def _check_other_model(other: ModelSpec, asked: Task | None, plan: Plan) -> None:
    """One that is asked otherwise than the point's own need not be smaller to take less."""
    if asked is plan.task:
        check_smaller(other, plan.model, plan.task)
    elif asked is not None:
        check_before_loading(other, asked, with_data=all(map(is_here, _places(plan.task.data))))


def _check(plan: Plan) -> None:
    places = _places(plan.task.data)
    here = all(is_here(place) for place in places)
    if places and here:
        with contextlib.suppress(NotApplicable):
            plan.task.test()
    check_before_loading(plan.model, plan.task, with_data=here)


def _places(data: Any) -> list[str]:
    """Files, folders and hub ids of ``task.data``; none for the embedded data."""
    if dataclasses.is_dataclass(data) and not isinstance(data, type):
        return [str(place) for place in dataclasses.asdict(data).values() if place is not None]
    return [] if data is None else [str(data)]
