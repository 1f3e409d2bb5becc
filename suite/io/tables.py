"""Small csv tables of published figures that come with the package."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)


def read_csv(path: Path, row_type: type[Row]) -> list[Row]:
    """The rows of a table. An empty cell is None."""
    reader = csv.DictReader(path.read_text("utf-8").splitlines())
    cells = [{key: cell or None for key, cell in row.items()} for row in reader]
    return [msgspec.convert(row, row_type, strict=False) for row in cells]
