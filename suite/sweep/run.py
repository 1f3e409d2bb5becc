"""Runs points through the launcher that they name: what fails is recorded, and the next point goes on."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from suite.config.plan import PlannedPoint
from suite.errors import InputError
from suite.machine import device_lock
from suite.measure.block_limits import Limits
from suite.record.schema import Record
from suite.sweep.budget import Budget, BudgetedSweep
from suite.sweep.failure_kinds import FULL
from suite.sweep.launchers import basic
from suite.sweep.launchers.choice import BASIC, launcher_of
from suite.sweep.launchers.dispatch import run_remote
from suite.sweep.point_run import Reporter, run_one

NOTHING: Mapping[str, Record] = MappingProxyType({})


def run(
    points: Sequence[PlannedPoint],
    reporter: Reporter,
    *,
    alone: bool = False,
    unfinished: Mapping[str, Record] = NOTHING,
) -> list[Record]:
    """Runs ``points`` through the launcher that they name and returns their records.

    Args:
        points: to be measured, of one run.
        reporter: told what happens.
        alone: the sweep is this one point: what is wrong with its input is raised, not recorded.
        unfinished: records, by point, whose blocks count as measured.

    Raises:
        InputError: the device is taken by another run, the disk is full, or a lone point's input is wrong; earlier
            records are kept.
        KeyboardInterrupt: Ctrl-C, after the point's record was saved.
    """
    folder = points[0].plan.run_folder
    try:
        launcher = launcher_of([point.overrides for point in points])
        if launcher != BASIC:
            if points[0].budget is not None:
                remedy = "leave budget or hydra/launcher out"
                raise InputError(
                    "a budget is for points that are measured one after another here", got=launcher, remedy=remedy
                )
            return run_remote(points, reporter)
        devices = {name for each in points if each.lock != "none" for name in _locks(each)}
        with device_lock.held(sorted(devices), folder.name, wait=points[0].lock == "wait", say=reporter.say):
            budget = Budget.of(points)
            if budget is not None:
                return _within(budget, points, reporter, unfinished)
            return _one_after_another(points, reporter, unfinished, alone=alone)
    except OSError as error:
        if error.errno not in (*FULL, errno.EROFS):
            raise
        first = "make it writable" if error.errno == errno.EROFS else "make room"
        remedy = f"{first}; what was measured is kept, and the same command again goes on"
        raise InputError(
            f"the run's folder takes no more ({error.strerror})", got=str(folder), remedy=remedy
        ) from error


def _locks(point: PlannedPoint) -> list[str]:
    of = point.plan.point
    return device_lock.names_of(of.device, spread=of.device_map is not None)


def _one_after_another(
    points: Sequence[PlannedPoint], reporter: Reporter, unfinished: Mapping[str, Record], *, alone: bool
) -> list[Record]:
    records: list[Record] = []

    def one(number: int) -> None:
        earlier = unfinished.get(points[number].plan.point.point_id)
        records.append(run_one(points[number], reporter, alone=alone, limits=Limits.going_on_from(earlier)))

    basic.run(_jobs(points), one)
    return records


def _within(
    budget: Budget, points: Sequence[PlannedPoint], reporter: Reporter, unfinished: Mapping[str, Record]
) -> list[Record]:
    """Both rounds; a point that was measured in both counts once, as its last attempt left it."""
    sweep = BudgetedSweep(points, budget, reporter)
    found = dict(unfinished)
    new = [point for point in points if point.plan.point.point_id not in found]

    def first_round(number: int) -> None:
        record = sweep.fewest_blocks(new[number])
        found[record.point_id] = record

    if new:
        basic.run(_jobs(new), first_round)
    sweep.tell_left_out()
    for record in sweep.more_blocks(list(found.values())):
        if record.status == "ok":
            found[record.point_id] = record
    return list(found.values())


def _jobs(points: Sequence[PlannedPoint]) -> list[list[str]]:
    return [[*each.overrides, f"hydra.sweep.subdir=jobs/{each.plan.point.point_id}"] for each in points]
