"""results.csv and results.json: the numbers behind the page."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from suite.analysis.summary import CSV_COLUMNS
from suite.report.model import Report

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
    environments: list[dict[str, Any]] = []
    points = []
    for point in report.points:
        if point.environment not in environments:
            environments.append(point.environment)
        fields = msgspec.to_builtins(point)
        fields["environment"] = environments.index(point.environment)
        fields["config"] = report.own_config(point)
        points.append(fields)
    shared = {
        "schema_version": SCHEMA_VERSION,
        "run": report.run,
        "grid": report.grid,
        "stability": report.stability,
        "unreadable": report.unreadable,
        "superseded_attempts": report.superseded,
        "environments": environments,
        "common_config": report.common_config,
    }
    lines = [f"{_json(name)}:{_json(value)}" for name, value in shared.items()]
    rows = ",\n".join(_json(point) for point in points)
    return ("{\n" + ",\n".join(lines) + f',\n"points":[\n{rows}\n]\n' + "}\n").encode()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
