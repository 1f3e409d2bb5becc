"""The numbers themselves."""

from __future__ import annotations

import base64
import gzip
from typing import Any

from suite.analysis.results.csv_json import results_csv, results_json
from suite.report.view_model import Report
from suite.text.i18n import N_, _

ORDER = 120
TITLE = N_("Download the data")
PLAIN_BYTES = 500_000
"""Beyond this the file is packed, to keep the page small."""


def context(report: Report) -> dict[str, Any]:
    """Both files as data links, so that the page needs nothing beside it."""
    table, everything = results_csv(report.points), results_json(report.results, report.grid)
    name, media_type = "results.json", "application/json"
    if len(everything) > PLAIN_BYTES:
        name, media_type, everything = f"{name}.gz", "application/gzip", gzip.compress(everything, mtime=0)
    return {
        "files": [
            ("results.csv", _("one row a point"), data_link("text/csv", table)),
            (name, _("everything this page was made from"), data_link(media_type, everything)),
        ]
    }


def data_link(media_type: str, content: bytes) -> str:
    """``content`` as a ``data:`` address."""
    return f"data:{media_type};charset=utf-8;base64,{base64.b64encode(content).decode()}"
