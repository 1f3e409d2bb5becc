"""Overrides to planned points: every one composed, built and checked before the first is measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from suite.config.build import plan_of
from suite.config.composition import Composition, compositions
from suite.config.plan import PlannedPoint
from suite.errors import InputError
from suite.io.atomic import synced_temporary
from suite.plugins.stacking import StackRules, check_stack
from suite.record.hashing import config_hash
from suite.sweep.launchers.choice import PACKAGES, launcher_of
from suite.sweep.launchers.dispatch import plan_remote

_LONGEST_NAME = 200  # of the 255 bytes that a file's name may have: files are named after a run


def planned(points: Sequence[list[str]]) -> list[PlannedPoint]:
    """Composes and builds every point, so that a mistake in the last one is found before the first one runs.

    Raises:
        InputError: a point's configuration is wrong.
    """
    launcher_of(points)  # one that cannot be used is told with its own reason
    return built(list(compositions(points)))


def built(composed_points: Sequence[Composition]) -> list[PlannedPoint]:
    """Every point with its components.

    Raises:
        InputError: a component cannot be built, techniques cannot be stacked, or two points are one.
    """
    plan = plan_remote if launcher_of([each.overrides for each in composed_points]) in PACKAGES else plan_of
    found = []
    for each in composed_points:
        point = PlannedPoint(
            overrides=each.overrides, labels=each.labels, plan=plan(each.config, each.labels), **each.own
        )
        check_stack({name: StackRules.of(technique) for name, technique in point.plan.mitigations.items()})
        found.append(point)
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


def check_name(name: str) -> None:
    """Refuses run names that are more or less than one folder's name.

    Raises:
        InputError: the name is empty, has a slash, climbs, or is too long for a folder.
    """
    if len(name.encode()) > _LONGEST_NAME:
        remedy = f"give at most {_LONGEST_NAME} bytes"
        raise InputError("name is too long for a folder", got=f"{name[:40]}…", remedy=remedy)
    if not re.fullmatch(r"[\w][\w.+=@-]*", name):
        raise InputError("name must be one folder below runs_dir", got=name, remedy="use letters, digits, - and _")


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
