"""Overrides to points: sweeps and experiments expanded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import yaml
from hydra.core.override_parser.types import Override

from suite.config.overrides import comma_remedy, parse, search_path_of, swept_values
from suite.errors import InputError
from suite.io.paths import CONF
from suite.text.suggest import one_of


def expand(overrides: Sequence[str], *, multirun: bool) -> list[list[str]]:
    """Every combination of the swept values, in order; one list of overrides a point.

    Raises:
        InputError: a value is swept without ``-m``.
    """
    choices, search_path = [], search_path_of(overrides)
    for override in parse(overrides):
        if not override.is_sweep_override():
            choices.append([override.input_line or ""])
            continue
        if not multirun:
            remedy = f"add -m before it{comma_remedy(override)}"
            raise InputError("several values for one key are a sweep", got=override.input_line, remedy=remedy)
        key = override.get_key_element()
        choices.append([f"{key}={value}" for value in swept_values(override, search_path)])
    return [list(combination) for combination in itertools.product(*choices)]


def experiment_points(name: str, overrides: Sequence[str]) -> list[list[str]]:
    """The points of ``conf/experiment/NAME.yaml``, narrowed and changed by ``overrides``.

    Where a grid has a value that is given, it keeps that value alone, and grids without it are left out. A value that
    no grid has takes the place of the grids' own.

    Raises:
        InputError: there is no such experiment, or it searches for its points.
    """
    content = experiment(name)
    if "grids" not in content:
        raise InputError("this experiment searches for its points", got=name, remedy="name one with grids")
    return grid_points(name, content.get("settings", {}), content["grids"], overrides)


def is_search(name: str) -> bool:
    """Whether the experiment searches for its points.

    Raises:
        InputError: there is no such experiment.
    """
    return "search" in experiment(name)


def experiment(name: str) -> dict[str, Any]:
    """What stands in ``conf/experiment/NAME.yaml``: ``settings`` with ``grids`` of points or a ``search`` for them.

    Raises:
        InputError: there is no such experiment.
    """
    files = {path.stem: path for path in sorted((CONF / "experiment").glob("*.yaml"))}
    if name not in files:
        raise InputError("unknown experiment", got=name, remedy=one_of(name, files))
    content: dict[str, Any] = yaml.safe_load(files[name].read_text("utf-8"))
    return content


def grid_points(
    name: str, settings: dict[str, Any], grids: list[dict[str, Any]], overrides: Sequence[str]
) -> list[list[str]]:
    """The points of ``grids`` with ``settings``, narrowed and changed by ``overrides`` as ``experiment_points`` says.

    Args:
        name: of the run, where nothing else is given.
        settings: of all points.
        grids: override keys with a value each, or a list of values.
        overrides: the user's.
    """
    search_path = search_path_of(overrides)
    given = {override.get_key_element(): _values(override, search_path) for override in parse(overrides)}
    # Of which tasks techniques are meant comes first: a technique that another task's grid has is unknown to the rest.
    for key in sorted(given, key=lambda key: key == "mitigation"):
        grids = _narrowed(grids, key, given[key])
    points: list[list[str]] = []
    for grid in grids:
        merged = {"name": name} | settings | grid
        own = [f"{key}={_sweep_text(value)}" for key, value in merged.items() if key in grid or key not in given]
        others = [text for text, key in zip(overrides, given, strict=True) if key not in grid]
        points += expand([*own, *others], multirun=True)
    once: dict[tuple[str, ...], list[str]] = {}
    for point in points:
        once.setdefault(tuple(sorted(point)), point)
    return list(once.values())


def _narrowed(grids: list[dict[str, Any]], key: str, wanted: list[str]) -> list[dict[str, Any]]:
    """``grids`` with the values of ``key`` that are wanted."""
    own = [[_text(value) for value in _listed(grid[key])] if key in grid else [] for grid in grids]
    known = {value for values in own for value in values}
    unknown = [value for value in wanted if value not in known]
    narrowed: list[dict[str, Any]] = []
    for grid, values in zip(grids, own, strict=True):
        if key not in grid:
            narrowed.append(grid)  # the override is added to it
            continue
        kept = [value for value in values if value in wanted]
        if kept:
            narrowed.append(grid | {key: kept})
        if unknown:  # parameters that the grid gives belong to its own values
            others = {name: value for name, value in grid.items() if not name.startswith(f"{key}.")}
            narrowed.append(others | {key: unknown})
    return narrowed


def _values(override: Override, search_path: Sequence[str]) -> list[str]:
    """What is given, one by one, as an experiment's file would have it."""
    if override.is_sweep_override():
        return swept_values(override, search_path)
    return [(override.input_line or "").partition("=")[2]]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sweep_text(value: Any) -> str:
    return ",".join(_text(item) for item in _listed(value))


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
