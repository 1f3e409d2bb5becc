"""Overrides to planned points: every one composed, built and checked before the first is measured."""

from __future__ import annotations

import re
from pathlib import Path

from suite.config.build import plan_of
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.config.overrides import search_path_of
from suite.config.plan import PlannedPoint
from suite.config.targets import check_targets
from suite.config.texts import check_texts
from suite.errors import InputError
from suite.io.atomic import synced_temporary
from suite.io.redaction import known_secrets, refuse_secrets
from suite.plugins.stacking import StackRules, check_stack
from suite.record.hashing import config_hash
from suite.sweep.budget import budget_s
from suite.sweep.launchers.choice import PACKAGES, launcher_of
from suite.sweep.launchers.dispatch import plan_remote

_LONGEST_NAME = 200  # of the 255 bytes that a file's name may have: files are named after a run


def planned(points: list[list[str]]) -> list[PlannedPoint]:
    """Composes and builds every point, so that a mistake in the last one is found before the first one runs.

    Raises:
        InputError: a point's configuration is wrong.
    """
    plan = plan_remote if launcher_of(points) in PACKAGES else plan_of
    secrets = known_secrets()
    found = []
    for overrides in points:
        config = resolved(composed(overrides))
        search_path = search_path_of(overrides)
        if search_path:
            config["searchpath"] = search_path
        check_targets(config, search_path)
        check_texts(config)
        refuse_secrets(config, secrets)
        own = {key: str(config.pop(key)) for key in ("retry", "lock")}
        budget = config.pop("budget")
        budget_s(budget)
        if own["lock"] not in ("error", "wait", "none"):
            raise InputError("lock must be error, wait or none", got=own["lock"], remedy="choose one")
        names = labels(config, overrides)
        found.append(PlannedPoint(overrides=overrides, labels=names, plan=plan(config, names), budget=budget, **own))
        check_stack({name: StackRules.of(each) for name, each in found[-1].plan.mitigations.items()})
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
