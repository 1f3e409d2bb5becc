"""Finding a place by its name: the named grids of conf/grid, then all that CodeCarbon's data know."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from suite.carbon.codecarbon_places import read_places
from suite.carbon.grid import Grid, slug
from suite.errors import InputError
from suite.io.paths import CONF

GRID_FOLDER = CONF / "grid"
DEFAULT_GRID = "world"
NEAR_NAMES = 5
LEAST_ALIKE = 0.6  # of difflib, 0 to 1: below it a name is no likely slip of the pen


def find(name: str, folder: Path = GRID_FOLDER) -> Grid:
    """The grid of a place: one yaml of ``folder``, else a country or region of CodeCarbon's data.

    Args:
        name: in any spelling of case, spaces and accents; ISO 3166 codes of three letters do as well.
        folder: of the named grids, which win over CodeCarbon's.

    Raises:
        InputError: an unknown place (near names are listed), or its file does not say what it must.
    """
    wanted = slug(name)
    files = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if wanted in files:
        return _from_file(files[wanted])
    places = read_places()
    known = {slug(alias): grid for grid, aliases in places for alias in aliases}
    known |= {grid.name: grid for grid, _ in places}  # a name goes before another place's alias
    if wanted in known:
        return known[wanted]
    near = near_names(wanted, [*files, *(grid.name for grid, _ in places)])
    remedy = "list all with --places, or give your own value in g CO2e a kWh, grid_g_per_kwh=250"
    if near:
        remedy = f"did you mean {', '.join(map(repr, near))}? or {remedy}"
    raise InputError("unknown place", got=name, remedy=remedy)


def all_places(folder: Path = GRID_FOLDER) -> list[Grid]:
    """Every place that ``find`` knows, each once, by name."""
    found = {grid.name: grid for grid, _ in read_places()}
    found |= {path.stem: _from_file(path) for path in folder.glob("*.yaml")}
    return [found[name] for name in sorted(found)]


def near_names(wanted: str, known: Iterable[str]) -> list[str]:
    """Names that the user may have meant: the same word as a region first, then the most alike."""
    names = list(dict.fromkeys(known))
    last = wanted.rpartition("/")[2]
    inside = [name for name in names if last and last in re.split(r"[/_]", name)]
    alike = difflib.get_close_matches(wanted, names, n=NEAR_NAMES, cutoff=LEAST_ALIKE)
    return list(dict.fromkeys([*inside, *alike]))[:NEAR_NAMES]


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """The nearest name as a question that ends in a space; empty where none is near."""
    near = near_names(wanted, known)
    return f"did you mean {near[0]!r}? " if near else ""


def _from_file(path: Path) -> Grid:
    try:
        return msgspec.convert({"name": path.stem, **yaml.safe_load(path.read_text("utf-8"))}, Grid)
    except (msgspec.ValidationError, yaml.YAMLError, TypeError) as error:
        raise InputError(f"grid file {path.name} cannot be read", got=str(error), remedy="correct it") from error
