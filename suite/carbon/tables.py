"""The package's own tables of published figures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TypeVar

import msgspec

DATA_FOLDER = Path(__file__).parent / "data"
Row = TypeVar("Row", bound=msgspec.Struct)


def read_table(name: str, row_type: type[Row]) -> list[Row]:
    """The rows of ``data/NAME``. An empty cell is None."""
    reader = csv.DictReader((DATA_FOLDER / name).read_text("utf-8").splitlines())
    cells = [{key: cell or None for key, cell in row.items()} for row in reader]
    return [msgspec.convert(row, row_type, strict=False) for row in cells]
