"""The package's own tables of published figures."""

from __future__ import annotations

from pathlib import Path

from suite.io.tables import Row, read_csv

DATA_FOLDER = Path(__file__).parent / "data"


def read_table(name: str, row_type: type[Row]) -> list[Row]:
    """The rows of ``data/NAME``. An empty cell is None."""
    return read_csv(DATA_FOLDER / name, row_type)
