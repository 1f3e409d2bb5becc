"""The carbon intensity of the electricity that the report counts with."""

from __future__ import annotations

from suite.carbon.grid import Grid
from suite.carbon.place import DEFAULT_GRID, GRID_FOLDER
from suite.carbon.place import find as load_grid

__all__ = ["DEFAULT_GRID", "GRID_FOLDER", "Grid", "load_grid"]
