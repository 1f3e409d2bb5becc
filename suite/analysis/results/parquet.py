"""Summaries of points as a Parquet file: what results.json says, in columns that 100,000 points load from at once.

Numbers, texts and truth values are columns of their own, under the names of results.csv; what has a structure (the
configuration, the environment, the effect) is JSON text in a column, and stored once however many points share it.
"""

from __future__ import annotations

import contextlib
import gc
import io
import types
import typing
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from suite.analysis.summary import PointSummary
from suite.errors import InputError
from suite.io.atomic import write_whole

TABLE = "results.parquet"
"""The table's name in the folder of a report."""
_SCALARS = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


def parquet_bytes(summaries: Sequence[PointSummary]) -> bytes:
    """``summaries`` as the content of a Parquet file, one row a point; what is missing is null, never 0."""
    columns = {}
    for field in msgspec.structs.fields(PointSummary):
        values = [getattr(each, field.name) for each in summaries]
        scalar = _scalar(field.type)
        columns[field.name] = pa.array(values if scalar else _texts(values), type=scalar or pa.string())
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def write_parquet(summaries: Sequence[PointSummary], path: Path) -> None:
    """Writes ``summaries`` to ``path`` in one step."""
    write_whole(path, parquet_bytes(summaries))


def read_parquet(path: Path, *, without: Collection[str] = ()) -> list[PointSummary]:
    """The summaries in a file that ``write_parquet`` wrote, in their order.

    Structures that points share are one object in memory; nothing may change them.

    Args:
        path: the file.
        without: fields that are not loaded and stand at their default; only those that have one.

    Raises:
        InputError: the file is not there, or is none of ``write_parquet``'s.
    """
    fields = [field for field in msgspec.structs.fields(PointSummary) if field.name not in without]
    try:
        with pq.ParquetFile(path) as file, _no_collecting():
            table = file.read(columns=[field.name for field in fields])
            columns = [_column(table, field) for field in fields]
    except (OSError, KeyError, pa.ArrowException, msgspec.DecodeError) as error:
        remedy = "build it again: python -m suite.report runs/NAME"
        raise InputError(f"no table of results ({error})", got=str(path), remedy=remedy) from error
    names = [field.name for field in fields]
    return [PointSummary(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """Millions of objects are made and none is garbage: looking for it again and again would double the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _column(table: pa.Table, field: msgspec.structs.FieldInfo) -> list[Any]:
    """The values of one field.

    Raises:
        KeyError: the table has no such column.
        pa.ArrowInvalid: it is of another type.
        msgspec.DecodeError: a structure is of another form.
    """
    scalar = _scalar(field.type)
    column = table.column(field.name)
    if column.type != (scalar or pa.string()):
        raise pa.ArrowInvalid(f"{field.name} is {column.type}")
    if not pa.types.is_string(column.type):
        values: list[Any] = column.to_pylist()
        return values
    return _texts_of(column, None if scalar else msgspec.json.Decoder(field.type).decode)


def _scalar(kind: Any) -> pa.DataType | None:
    """The column type of a field that is a text, a number or a truth value; None for a structure."""
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    plain = [option for option in options if option is not types.NoneType]
    if len(plain) != 1:
        return None
    kind = str if typing.get_origin(plain[0]) is typing.Literal else plain[0]
    return _SCALARS.get(kind)


def _texts(values: Sequence[Any]) -> list[str]:
    return [msgspec.json.encode(value).decode() for value in values]


def _texts_of(column: pa.ChunkedArray, read: Callable[[str], Any] | None) -> list[Any]:
    """A column of texts, or of what ``read`` makes of them; equal texts give one object, however many rows have it."""
    if not column.num_chunks:
        return []
    encoded = column.combine_chunks().dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    distinct = [read(text) for text in distinct] if read else distinct
    return [None if index is None else distinct[index] for index in encoded.indices.to_pylist()]
