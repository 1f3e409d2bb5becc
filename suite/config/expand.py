"""Command-line overrides to points: sweeps and experiments expanded, every mistake one clear sentence."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException

from suite.errors import InputError
from suite.io.paths import CONF
from suite.text.suggest import one_of


def parse(overrides: Sequence[str]) -> list[Override]:
    """Parses overrides by Hydra's grammar.

    Raises:
        InputError: one of them is no override.
    """
    parser = OverridesParser.create()
    parsed = []
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except (OverrideParseException, HydraException) as error:
            raise InputError("this is no override", got=text, remedy="write key=value, see --help") from error
        if not override.get_key_element():
            raise InputError("this override has no key", got=text, remedy="write key=value, see --help")
        _check_kind(override)
        parsed.append(override)
    return parsed


def spelt_as_here(overrides: Sequence[str]) -> list[str]:
    """``overrides`` with names of choices as this suite spells them: ``task=text-classification`` is Hugging Face's."""
    return [_spelt_as_here(text) for text in overrides]


def _spelt_as_here(override: str) -> str:
    group, equals, value = override.partition("=")
    if not equals or not (CONF / group).is_dir():
        return override
    known = {path.stem for path in (CONF / group).glob("*.yaml")}

    def name(found: re.Match[str]) -> str:
        ours = found[0].replace("-", "_")
        return ours if found[0] not in known and ours in known else found[0]

    return f"{group}={re.sub(r'[A-Za-z0-9_-]+', name, value)}"


def _check_kind(override: Override) -> None:
    """Refuses what Hydra allows and this suite would pass over in silence: removed and added keys, spoilt stacks."""
    key, text = override.get_key_element(), override.input_line
    if override.is_delete():
        raise InputError("keys cannot be removed", got=text, remedy="set another value")
    if override.is_add() and not key.lstrip("+").startswith(("hydra", "model.architecture.")):
        raise InputError("keys cannot be added", got=text, remedy="write it without + to see the nearest known key")
    if key in ("task.name", "task.metric", "task.higher_is_better"):
        raise InputError(f"{key} says what the task is and cannot be chosen", got=text, remedy="choose another task=")
    chosen = None if override.is_sweep_override() else override.value()
    if key == "mitigation" and isinstance(chosen, list):
        stack = [str(name) for name in chosen]
        if len(set(stack)) < len(stack) or ("none" in stack and len(stack) > 1):
            raise InputError(
                "a stack names each technique once, and none stands alone", got=text, remedy="drop the rest"
            )


def expand(overrides: Sequence[str], *, multirun: bool) -> list[list[str]]:
    """Every combination of the swept values, in order; one list of overrides a point.

    Raises:
        InputError: a value is swept without ``-m``.
    """
    choices = []
    for override in parse(overrides):
        if not override.is_sweep_override():
            choices.append([override.input_line or ""])
            continue
        if not multirun:
            raise InputError(
                "several values for one key are a sweep", got=override.input_line, remedy="add -m before it"
            )
        key = override.get_key_element()
        choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
    return [list(combination) for combination in itertools.product(*choices)]


def experiment_points(name: str, overrides: Sequence[str]) -> list[list[str]]:
    """The points of ``conf/experiment/NAME.yaml``, narrowed and changed by ``overrides``.

    Where a grid has a value that is given, it keeps that value alone, and grids without it are left out. A value that
    no grid has takes the place of the grids' own.

    Raises:
        InputError: there is no such experiment.
    """
    files = {path.stem: path for path in sorted((CONF / "experiment").glob("*.yaml"))}
    if name not in files:
        raise InputError("unknown experiment", got=name, remedy=one_of(name, files))
    content = yaml.safe_load(files[name].read_text())
    given = {override.get_key_element(): _values(override) for override in parse(overrides)}
    grids: list[dict[str, Any]] = content["grids"]
    # Of which tasks techniques are meant comes first: a technique that another task's grid has is unknown to the rest.
    for key in sorted(given, key=lambda key: key == "mitigation"):
        grids = _narrowed(grids, key, given[key])
    points: list[list[str]] = []
    for grid in grids:
        merged = {"name": name} | content.get("settings", {}) | grid
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


def _values(override: Override) -> list[str]:
    """What is given, one by one, as an experiment's file would have it."""
    if override.is_sweep_override():
        return [str(value) for value in override.sweep_string_iterator()]
    return [(override.input_line or "").partition("=")[2]]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def search_path_of(overrides: Sequence[str]) -> list[str]:
    """Entries of ``hydra.searchpath``, where the user's own packages keep their configuration.

    Raises:
        InputError: it is no list.
    """
    given = parse([text for text in overrides if text.startswith("hydra.searchpath=")])
    value = given[-1].value() if given else []
    if not isinstance(value, list):
        raise InputError("hydra.searchpath must be a list", got=value, remedy="write [pkg://PACKAGE.conf]")
    return [str(entry) for entry in value]


def _sweep_text(value: Any) -> str:
    return ",".join(_text(item) for item in _listed(value))


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
