"""results.csv and results.json: the numbers behind the page, and the way back from the latter."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from suite.analysis.results.lineage import Lineage, unknown_lineages
from suite.analysis.results.run_results import RunResults
from suite.analysis.summary import CSV_COLUMNS, PointSummary
from suite.carbon.grid import Grid
from suite.errors import InputError
from suite.record.dotted_keys import nested

SCHEMA_VERSION = 1
RESULTS = "results.json"
"""Its name in the folder of a report."""
MOST_BYTES = 512 * 1024 * 1024
"""No results come near: they would hold a hundred thousand points."""


def results_csv(points: Iterable[PointSummary]) -> bytes:
    """One row a point in the fixed columns. What is missing is an empty cell, never 0."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for point in points:
        writer.writerow([cell(getattr(point, column)) for column in CSV_COLUMNS])
    return stream.getvalue().encode()


def cell(value: object) -> str:
    """A csv cell: floats in the shortest form that reads back the same, booleans in lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def results_json(results: RunResults, grid: Grid) -> bytes:
    """All points with every field, one a line. What points share stands once, before them.

    A point's ``environment`` is a number in ``environments``; its ``config`` holds what ``common_config`` does not.
    """
    environments: dict[bytes, tuple[int, dict[str, Any]]] = {}
    points = []
    for point in results.points:
        known = msgspec.json.encode(point.environment, order="sorted")
        number, _ = environments.setdefault(known, (len(environments), point.environment))
        fields = msgspec.to_builtins(point)
        fields["environment"] = number
        fields["config"] = results.own_config(point)
        points.append(fields)
    shared = {
        "schema_version": SCHEMA_VERSION,
        "run": results.title,
        "runs": results.runs,
        "lineages": results.lineages,
        "grid": grid,
        "stability": results.stability,
        "unreadable": results.unreadable,
        "superseded_attempts": results.superseded,
        "environments": [environment for _, environment in environments.values()],
        "common_config": results.common_config,
    }
    lines = [f"{_json(name)}:{_json(value)}" for name, value in shared.items()]
    rows = ",\n".join(_json(point) for point in points)
    return ("{\n" + ",\n".join(lines) + f',\n"points":[\n{rows}\n]\n' + "}\n").encode()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class _Document(msgspec.Struct):
    """What is read of results.json; older versions lack what has a default."""

    schema_version: int
    points: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    common_config: dict[str, Any] = {}
    lineages: tuple[Lineage, ...] = ()
    unreadable: tuple[str, ...] = ()
    superseded_attempts: int = 0


def read_json(path: Path) -> RunResults:
    """The results in a results.json, of this version of the suite or an older one.

    Empty mappings of a configuration are not in it.

    Raises:
        InputError: it is none of ours, of a size that no report has, or cannot be opened.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
        if document.schema_version != SCHEMA_VERSION:
            raise ValueError(f"schema_version {document.schema_version}, this version reads {SCHEMA_VERSION}")
        points = tuple(msgspec.convert(_whole(fields, document), PointSummary) for fields in document.points)
    except (OSError, msgspec.MsgspecError, RecursionError, LookupError, TypeError, ValueError) as error:
        remedy = "build the report again: python -m suite.report runs/NAME"
        raise InputError(f"no results of a report ({error})", got=path.name, remedy=remedy) from error
    return RunResults(
        lineages=document.lineages or unknown_lineages(point.run for point in points),
        points=points,
        unreadable=document.unreadable,
        superseded=document.superseded_attempts,
        notes=(),
    )


def _whole(fields: dict[str, Any], document: _Document) -> dict[str, Any]:
    """A point with what it shares with others put back."""
    environment = document.environments[fields["environment"]]
    return fields | {"environment": environment, "config": nested(document.common_config | fields["config"])}
