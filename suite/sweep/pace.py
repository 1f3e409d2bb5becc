"""How long points took: what a forecast learns from, in this sweep and from earlier runs on this machine."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from suite.config.plan import Plan, PlannedPoint
from suite.machine import environment
from suite.record.schema import Point, Record
from suite.record.store import RecordError, load
from suite.record.times import elapsed_s
from suite.sweep.forecast import Forecast, point_s, shared_out
from suite.sweep.launchers.dispatch import devices_at_once

_MOST_FILES = 100  # of earlier records that are read, the newest: a moment's work
_RULES = ("name", "min_blocks", "max_blocks", "window_s", "idle_s", "prefill", "max_scored")


class _Kind(NamedTuple):
    """Points of a kind take about as long as each other."""

    task: str
    model: str
    phase: str
    device: str
    runtime: str
    rules: str


def _kind(point: Point, protocol: Mapping[str, Any]) -> _Kind:
    rules = str([protocol.get(name) for name in _RULES])
    return _Kind(point.task, point.model, point.phase, point.device, point.runtime, rules)


class Pace:
    """Seconds that points of each kind took."""

    def __init__(self) -> None:
        """Begins with nothing known."""
        self._took_s: dict[_Kind, list[float]] = {}
        self._stretch: list[float] = []  # seconds taken over the fewest foretold, of all kinds

    def learn(self, plan: Plan, took_s: float) -> None:
        """A point of ``plan`` took so long, its process and all."""
        self._took_s.setdefault(_kind(plan.point, plan.config["protocol"]), []).append(took_s)
        self._stretch.append(took_s / point_s(plan.protocol, plan.point.device)[0])

    def learn_from(self, records: Iterable[Record], plans: Sequence[Plan]) -> None:
        """Earlier measured points of the kinds that ``plans`` are of, on this machine."""
        wanted = {_kind(plan.point, plan.config["protocol"]): plan for plan in plans}
        hardware = {device: environment.hardware(device)["name"] for device in {plan.point.device for plan in plans}}
        for record in records:
            rules = record.config.get("protocol")
            plan = wanted.get(_kind(record.point, rules)) if isinstance(rules, Mapping) else None
            here = record.environment.get("hardware", {}).get("name") == hardware.get(record.point.device)
            took_s = elapsed_s(record.started_at, record.finished_at)
            if plan is not None and here and record.status == "ok" and took_s is not None:
                self.learn(plan, took_s)

    def point_s(self, plan: Plan) -> tuple[float, float]:
        """Seconds that a point takes, at least and at most.

        As points of its kind took; else what the protocol foretells, stretched as it was for the others.
        """
        took_s = self._took_s.get(_kind(plan.point, plan.config["protocol"]))
        if took_s:
            return min(took_s), max(took_s)
        low_s, high_s = point_s(plan.protocol, plan.point.device)
        stretch = max(1.0, statistics.median(self._stretch)) if self._stretch else 1.0
        return stretch * low_s, max(high_s, stretch * low_s)


def earlier_records(runs: Path) -> list[Record]:
    """The newest records of all runs in a folder of runs, as far as they can be read."""
    files = sorted(runs.glob("*/records/*.json"), key=_changed_s, reverse=True)[:_MOST_FILES]
    found = []
    for path in files:
        try:
            found.append(load(path))
        except RecordError:
            continue
    return found


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def forecast(points: Sequence[PlannedPoint], pace: Pace) -> Forecast:
    """The forecast for ``points`` with the launcher they name.

    Raises:
        InputError: the launcher is to use what is not here.
    """
    return shared_out([pace.point_s(each.plan) for each in points], devices_at_once(points))


class TimeLeft:
    """Seconds until a sweep's last point has ended, corrected as points end and as they tell."""

    def __init__(self, points: Sequence[PlannedPoint], pace: Pace, devices: int | None) -> None:
        """Of ``points``, ``devices`` at once (None: nobody knows, and the seconds are those of one after another)."""
        self._points, self._pace, self._devices = list(points), pace, devices

    def ended(self, title: str, took_s: float | None) -> None:
        """The point of this title has ended; ``took_s`` is None where that says nothing of the others."""
        for index, point in enumerate(self._points):
            if point.title == title:
                del self._points[index]
                if took_s is not None:
                    self._pace.learn(point.plan, took_s)
                return

    def foretold_s(self, title: str) -> tuple[float, float] | None:
        """Seconds that the point of this title takes, as far as is known before; None for none of the points."""
        found = (self._pace.point_s(point.plan) for point in self._points if point.title == title)
        return next(found, None)

    def seconds(self) -> float:
        """The middle between the least and the most."""
        left = shared_out([self._pace.point_s(point.plan) for point in self._points], self._devices)
        return (left.low_s + left.high_s) / 2
