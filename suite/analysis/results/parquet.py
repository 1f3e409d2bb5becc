"""Summaries of points as a Parquet file: what results.json says, in columns that 100,000 points load from at once.

Numbers, texts and truth values are columns of their own, under the names of results.csv; what has a structure (the
configuration, the environment, the effect) is JSON text in a column, and stored once however many points share it.
What is known of all points together (their lineage, unreadable records) stands in the file's metadata.
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

from suite.analysis.results.lineage import Lineage, unknown_lineages
from suite.analysis.results.run_results import RunResults
from suite.analysis.summary import PointSummary
from suite.errors import InputError

TABLE = "results.parquet"
"""The table's name in the folder of a report."""
_METADATA = b"suite.results"
_SCALARS = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of all points together."""

    lineages: tuple[Lineage, ...]
    unreadable: tuple[str, ...]
    superseded: int


def parquet_bytes(results: RunResults) -> bytes:
    """``results`` as the content of a Parquet file, one row a point; what is missing is null, never 0."""
    columns = {}
    for field in msgspec.structs.fields(PointSummary):
        values = [getattr(each, field.name) for each in results.points]
        scalar = _scalar(field.type)
        columns[field.name] = pa.array(values if scalar else _texts(values), type=scalar or pa.string())
    known = _Metadata(lineages=results.lineages, unreadable=results.unreadable, superseded=results.superseded)
    table = pa.table(columns).replace_schema_metadata({_METADATA: msgspec.json.encode(known)})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_lineages(path: Path) -> tuple[Lineage, ...]:
    """The lineages that a table states, from its footer alone; empty where it states none or cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            known = _metadata(file)
    except (OSError, pa.ArrowException):
        return ()
    return known.lineages if known else ()


def read_parquet(path: Path, *, without: Collection[str] = ()) -> RunResults:
    """The results in a file of ``parquet_bytes``, of this version of the suite or an older one.

    Fields that an older version did not know stand at their default. Structures that points share are one object in
    memory; nothing may change them.

    Args:
        path: the file.
        without: fields that are not loaded and stand at their default; only those that have one.

    Raises:
        InputError: the file is not there, or is none of ``parquet_bytes``.
    """
    try:
        with pq.ParquetFile(path) as file, _no_collecting():
            written, known = set(file.schema_arrow.names), _metadata(file)
            fields = [
                field
                for field in msgspec.structs.fields(PointSummary)
                if field.name not in without and (field.required or field.name in written)
            ]
            table = file.read(columns=[field.name for field in fields])
            columns = [_column(table, field) for field in fields]
    except (OSError, KeyError, pa.ArrowException, msgspec.DecodeError) as error:
        remedy = "build it again: python -m suite.report runs/NAME"
        raise InputError(f"no table of results ({error})", got=str(path), remedy=remedy) from error
    names = [field.name for field in fields]
    points = tuple(PointSummary(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True))
    if known is None:
        known = _Metadata(lineages=unknown_lineages(point.run for point in points), unreadable=(), superseded=0)
    return RunResults(
        lineages=known.lineages, points=points, unreadable=known.unreadable, superseded=known.superseded, notes=()
    )


def _metadata(file: pq.ParquetFile) -> _Metadata | None:
    """None where the file has none, or none that this version understands."""
    content = (file.schema_arrow.metadata or {}).get(_METADATA)
    try:
        return None if content is None else msgspec.json.decode(content, type=_Metadata)
    except (msgspec.DecodeError, RecursionError):
        return None


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
