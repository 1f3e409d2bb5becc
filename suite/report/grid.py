"""The carbon intensity of the electricity that the report counts with."""

from __future__ import annotations

from suite.footprint.grid import Grid
from suite.footprint.place import DEFAULT_GRID, GRID_FOLDER
from suite.footprint.place import find as load_grid

__all__ = ["DEFAULT_GRID", "GRID_FOLDER", "Grid", "load_grid"]
