"""Measures which efficiency technique saves how much energy per query, and what it costs in accuracy.

``from suite import compare_energy, measure_energy`` gives the same measurement for functions (docs/python-api.md).
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from suite.machine.openmp import wait_passively

__version__ = "0.1.0"
__all__ = [  # __init__.pyi has their types
    "EnergyComparison",
    "EnergyMeasurement",
    "ReferenceWorkload",
    "__version__",
    "compare_energy",
    "measure_energy",
]

if "torch" not in sys.modules:  # else it is too late
    wait_passively()


def __getattr__(name: str) -> Any:
    """What ``suite.api`` has, imported when it is asked for: importing torch takes seconds."""
    if name in __all__:
        return getattr(importlib.import_module("suite.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
