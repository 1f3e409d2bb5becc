"""Models and data of a sweep's points, looked at once each before the first point, so that none fails for all."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from suite.checkpoints.before_loading import check_before_loading, check_smaller, is_shipped_for
from suite.checkpoints.model_spec import ModelSpec
from suite.config.plan import Plan, PlannedPoint
from suite.core.mitigation import Mitigation
from suite.data.pieces import is_here
from suite.errors import NotApplicable


def to_look_at(points: Sequence[PlannedPoint]) -> list[PlannedPoint]:
    """Those of which ``check_inputs`` looks at something that no earlier one has; none where all is the suite's own."""
    seen: set[bytes] = set()
    found = []
    for point in points:
        new = _looks(point.plan).keys() - seen
        seen |= new
        if new:
            found.append(point)
    return found


def check_inputs(plans: Iterable[Plan]) -> None:
    """Reads local data and what stands beside a local model's weights, once for each pair of them.

    What lies on the hub is left to its point: it is fetched there, and skipped where the hub is out of reach. What the
    suite ships fits, and takes no time here.

    Raises:
        InputError: a file is wrong, a label unknown, or a model's folder lacks what it needs.
    """
    seen: set[bytes] = set()
    for plan in plans:
        for key, look in _looks(plan).items():
            if key not in seen:
                look()
            seen.add(key)


def _looks(plan: Plan) -> dict[bytes, Callable[[], None]]:
    """What is to be looked at, by what it depends on: the model, and others that techniques name."""
    pair = [plan.config["task"], plan.config["model"]]
    found: dict[bytes, Callable[[], None]] = {}
    if plan.endpoints is not None:
        return found  # no model is loaded
    if plan.task.data is not None or not is_shipped_for(plan.model, plan.task):
        found[_key(pair)] = functools.partial(_check, plan)
    for name, technique in plan.mitigations.items():
        for field in dataclasses.fields(technique):
            other = getattr(technique, field.name)
            if isinstance(other, ModelSpec):
                key = _key([pair, plan.config["mitigation"][name], field.name])
                found[key] = functools.partial(_check_other_model, other, technique, plan)
    return found


def _key(settings: object) -> bytes:
    return msgspec.json.encode(settings, enc_hook=str)


def _check_other_model(other: ModelSpec, technique: Mitigation, plan: Plan) -> None:
    """One that is asked otherwise than the point's own need not be smaller to take less."""
    asked = technique.asked(plan.task)
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
