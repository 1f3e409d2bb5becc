"""Moments as records write them."""

from __future__ import annotations

import datetime


def elapsed_s(began: str, ended: str) -> float | None:
    """Seconds between two moments in ISO 8601, at least 0; None where one of them is none, or has no offset."""
    try:
        first, last = (datetime.datetime.fromisoformat(each) for each in (began, ended))
        return max(0.0, (last - first).total_seconds())
    except (ValueError, TypeError):  # a record is read whatever stands there
        return None
