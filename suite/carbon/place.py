"""Finding a place by its name: the named grids of conf/grid, then all that CodeCarbon's data know."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from suite.carbon.codecarbon_places import read_places
from suite.carbon.grid import Grid, slug
from suite.errors import InputError
from suite.io.paths import CONF
from suite.text.suggest import near_names, question

GRID_FOLDER = CONF / "grid"
DEFAULT_GRID = "world"


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
    remedy = f"{question(near)}list all with --places, or give your own value in g CO2e a kWh, grid_g_per_kwh=250"
    raise InputError("unknown place", got=name, remedy=remedy)


def all_places(folder: Path = GRID_FOLDER) -> list[Grid]:
    """Every place that ``find`` knows, each once, by name."""
    found = {grid.name: grid for grid, _ in read_places()}
    found |= {path.stem: _from_file(path) for path in folder.glob("*.yaml")}
    return [found[name] for name in sorted(found)]


def _from_file(path: Path) -> Grid:
    try:
        return msgspec.convert({"name": path.stem, **yaml.safe_load(path.read_text("utf-8"))}, Grid)
    except (msgspec.ValidationError, yaml.YAMLError, TypeError) as error:
        raise InputError(f"grid file {path.name} cannot be read", got=str(error), remedy="correct it") from error
