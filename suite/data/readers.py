"""Reads rows from local files: JSON lines, JSON, CSV, TSV and Parquet. Every complaint names file and row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from suite.data.labels import with_names
from suite.errors import InputError

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
"""Tables. Capital letters do not matter, and ``.gz`` may follow."""

SEPARATORS = {".csv": ",;\t|", ".tsv": "\t"}
"""What may stand between cells; the one that makes most of the header, the first of equals."""


class Row(NamedTuple):
    """One row: where it stands (``file, row 3``) and its values by column."""

    place: str
    values: dict[str, Any]


def split_name(path: Path) -> tuple[str, str]:
    """The file's name without its kind, and its kind: ``Reviews.CSV.gz`` is ``Reviews`` and ``.csv``."""
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem, Path(name).suffix.lower()


def is_table(path: Path) -> bool:
    """Whether the name says that ``read`` can read it."""
    return split_name(path)[1] in SUFFIXES


def read(path: Path) -> list[Row]:
    """All rows of ``path``, at least one.

    Numbers in CSV and TSV columns stay text, except in columns that hold nothing but whole numbers. Classes that the
    ``datasets`` library wrote as numbers into a Parquet file have the names that it wrote beside them.

    Raises:
        InputError: the file is empty, or a row cannot be read.
    """
    kind = split_name(path)[1]
    if kind == ".parquet":
        rows = _parquet(path)
    elif kind in (".jsonl", ".ndjson"):
        rows = _json_lines(path)
    elif kind == ".json":
        rows = _json(path)
    else:
        rows = _separated(path, SEPARATORS[kind])
    if not rows:
        raise InputError("the data file is empty", got=str(path), remedy="give a file with at least ten rows")
    return rows


def read_text(path: Path) -> str:
    """A text file's content; UTF-8, with or without byte order mark, newlines as they stand.

    Raises:
        InputError: it is not UTF-8.
    """
    content = _bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise _unreadable(path, row, "it is not UTF-8 text", remedy="save the file as UTF-8") from error


def _bytes(path: Path) -> bytes:
    content = path.read_bytes()
    if not path.name.lower().endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"the file cannot be unpacked ({error})", got=str(path), remedy="pack it anew") from error


def _json_lines(path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(re.split(r"\r?\n", read_text(path)), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except json.JSONDecodeError as error:
            raise _unreadable(path, number, f"it is not JSON ({error.msg})") from error
        rows.append(_row(path, number, values))
    return rows


def _json(path: Path) -> list[Row]:
    text = read_text(path)
    if not text.strip():
        return []
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        remedy = "correct it, or name the file .jsonl if each line is an object"
        raise _unreadable(path, error.lineno, f"it is not JSON ({error.msg})", remedy=remedy) from error
    if isinstance(content, dict):  # {"data": [...]}, as some exporters write
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else content
    if not isinstance(content, list):
        raise InputError("the data file must hold a list of objects", got=str(path), remedy='write [{"text": …}, …]')
    return [_row(path, number, values) for number, values in enumerate(content, 1)]


def _row(path: Path, number: int, values: Any) -> Row:
    if not isinstance(values, dict):
        raise _unreadable(path, number, f"it is a {type(values).__name__}, not an object with named columns")
    return Row(_place(path, number), values)


def _separated(path: Path, separators: str) -> list[Row]:
    lines = read_text(path).splitlines(keepends=True)
    separator = max(separators, key=lambda each: _cells(lines[:1], each))
    if separator == "\t":  # in TSV a quote is a character like any other
        reader = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        table = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise _unreadable(path, reader.line_num, str(error)) from error
    if not table:
        return []
    header = [name.strip() for name in table[0][1]]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(f"columns of the file have one name ({path})", got=twice, remedy="rename or drop them")
    for number, cells in table[1:]:
        if len(cells) != len(header):
            remedy = "correct the row (quote cells that hold the separator)"
            raise _unreadable(path, number, f"it has {len(cells)} cells, the header has {len(header)}", remedy=remedy)
    whole = {
        column
        for column in range(len(header))
        if all(re.fullmatch(r"-?\d{1,18}", cells[column]) for _, cells in table[1:])
    }
    return [
        Row(
            _place(path, number),
            {name: int(cells[at]) if at in whole else cells[at] for at, name in enumerate(header)},
        )
        for number, cells in table[1:]
    ]


def _cells(header: list[str], separator: str) -> int:
    try:
        return len(next(csv.reader(header, delimiter=separator), ()))
    except csv.Error:
        return 0


def _parquet(path: Path) -> list[Row]:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(io.BytesIO(_bytes(path)) if path.name.lower().endswith(".gz") else path)
        values = table.to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"the Parquet file cannot be read ({reason})", got=str(path), remedy="write it anew"
        ) from error
    rows = [Row(_place(path, number), row) for number, row in enumerate(values, 1)]
    for column, names in _class_names(table.schema.metadata or {}).items():
        for row in rows:
            row.values[column] = with_names(row.values.get(column), names, row.place)
    return rows


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """The classes by column that the ``datasets`` library tells in a file's metadata."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    found = {column: _classes(feature) for column, feature in features.items()}
    return {column: names for column, names in found.items() if names}


def _classes(feature: Any) -> tuple[str, ...]:
    """Names of the classes of a column, or of the elements of its lists; empty where it has none."""
    if not isinstance(feature, dict):
        return ()
    if feature.get("_type") == "ClassLabel":
        return tuple(feature.get("names") or ())
    return _classes(feature.get("feature"))


def _place(path: Path, number: int) -> str:
    return f"{path}, row {number}"


def _unreadable(path: Path, row: int, reason: str, *, remedy: str = "correct the row") -> InputError:
    return InputError(f"row {row} cannot be read: {reason}", got=str(path), remedy=remedy)
