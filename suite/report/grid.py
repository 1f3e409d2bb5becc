"""The carbon intensity of the electricity: one yaml a grid under conf/grid."""

from __future__ import annotations

import difflib
from pathlib import Path

import msgspec
import yaml

from suite.errors import InputError

GRID_FOLDER = Path(__file__).parents[2] / "conf" / "grid"
DEFAULT_GRID = "world"


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Grams of CO2 equivalent a kWh of electricity, with year and source."""

    name: str
    place: str
    g_co2e_per_kwh: float
    year: int
    source: str


def load_grid(name: str, folder: Path = GRID_FOLDER) -> Grid:
    """The grid called ``name``.

    Raises:
        InputError: there is no such grid, or its file does not say what it must.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0)
        raise InputError("unknown grid", got=name, remedy=f"did you mean {near[0]!r}? known: {', '.join(known)}")
    try:
        return msgspec.convert({"name": name, **yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))}, Grid)
    except (msgspec.ValidationError, yaml.YAMLError, TypeError) as error:
        raise InputError(f"grid file {name}.yaml cannot be read", got=str(error), remedy="correct it") from error
