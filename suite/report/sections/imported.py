"""Results of other tools beside the run's: imported, unpaired."""

from __future__ import annotations

from typing import Any

from suite.report.view_model import Report
from suite.text.i18n import N_

ORDER = 59
TITLE = N_("Imported, unpaired")
MOST_ROWS = 200

BASES = {
    "measured": N_("measured"),
    "estimated": N_("estimated"),
    "not stated": N_("measured or estimated: the file does not say"),
}


def context(report: Report) -> dict[str, Any] | None:
    """The rows; nothing where no file was imported."""
    if not report.imported:
        return None
    has_energy = any(row.says_energy for row in report.imported)
    return {
        "rows": report.imported[:MOST_ROWS],
        "further": max(0, len(report.imported) - MOST_ROWS),
        "has_energy": has_energy,
        "bases_of_imported": BASES,
    }
