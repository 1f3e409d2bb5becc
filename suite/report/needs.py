"""What the page needs beyond what measuring needs: a GPU box without internet may lack it."""

from __future__ import annotations

import importlib.util

CHART_LIBRARIES = ("altair", "vl_convert")


def missing_libraries() -> list[str]:
    """The chart libraries that are not installed here, found without importing any."""
    return [name for name in CHART_LIBRARIES if importlib.util.find_spec(name) is None]
