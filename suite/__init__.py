"""Measures which efficiency technique saves how much energy per query, and what it costs in accuracy.

``from suite import compare_energy, measure_energy`` gives the same measurement for functions (docs/python-api.md).
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "compare_energy", "measure_energy"]  # __init__.pyi has their types


def __getattr__(name: str) -> Any:
    """The functions of ``suite.api``, imported when they are asked for: importing torch takes seconds."""
    if name in ("compare_energy", "measure_energy"):
        return getattr(importlib.import_module("suite.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
