"""results.csv and results.json: the numbers behind the page, and the way back from the latter."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from suite.analysis.summary import CSV_COLUMNS, PointSummary
from suite.errors import InputError
from suite.report.view_model import Report

SCHEMA_VERSION = 1


def results_csv(report: Report) -> bytes:
    """One row a point in the fixed columns. What is missing is an empty cell, never 0."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for point in report.points:
        writer.writerow([cell(getattr(point, column)) for column in CSV_COLUMNS])
    return stream.getvalue().encode()


def cell(value: object) -> str:
    """A csv cell: floats in the shortest form that reads back the same, booleans in lower case."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def results_json(report: Report) -> bytes:
    """All points with every field, one a line. What points share stands once, before them.

    A point's ``environment`` is a number in ``environments``; its ``config`` holds what ``common_config`` does not.
    """
    environments: dict[bytes, tuple[int, dict[str, Any]]] = {}
    points = []
    for point in report.points:
        known = msgspec.json.encode(point.environment, order="sorted")
        number, _ = environments.setdefault(known, (len(environments), point.environment))
        fields = msgspec.to_builtins(point)
        fields["environment"] = number
        fields["config"] = report.own_config(point)
        points.append(fields)
    shared = {
        "schema_version": SCHEMA_VERSION,
        "run": report.run,
        "runs": report.runs,
        "grid": report.grid,
        "stability": report.stability,
        "unreadable": report.unreadable,
        "superseded_attempts": report.superseded,
        "environments": [environment for _, environment in environments.values()],
        "common_config": report.common_config,
    }
    lines = [f"{_json(name)}:{_json(value)}" for name, value in shared.items()]
    rows = ",\n".join(_json(point) for point in points)
    return ("{\n" + ",\n".join(lines) + f',\n"points":[\n{rows}\n]\n' + "}\n").encode()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class _Document(msgspec.Struct):
    """What ``points_of`` reads of results.json."""

    schema_version: int
    points: list[dict[str, Any]]
    environments: list[dict[str, Any]]
    common_config: dict[str, Any] = {}


def points_of(content: bytes) -> list[PointSummary]:
    """The points in a results.json, of this version of the suite or an older one; configurations stay flat.

    Raises:
        InputError: it is none of ours.
    """
    try:
        document = msgspec.json.decode(content, type=_Document)
        if document.schema_version != SCHEMA_VERSION:
            raise ValueError(f"schema_version {document.schema_version}, this version reads {SCHEMA_VERSION}")
        return [msgspec.convert(_whole(fields, document), PointSummary) for fields in document.points]
    except (msgspec.MsgspecError, RecursionError, LookupError, TypeError, ValueError) as error:
        remedy = "build the report again: python -m suite.report runs/NAME"
        raise InputError(f"no results of a report ({error})", got="results.json", remedy=remedy) from error


def _whole(fields: dict[str, Any], document: _Document) -> dict[str, Any]:
    """A point with what it shares with others put back."""
    environment = document.environments[fields["environment"]]
    return fields | {"environment": environment, "config": document.common_config | fields["config"]}
