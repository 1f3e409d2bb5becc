"""Energy of functions, from Python: what the command line measures of models, by the same code."""

from __future__ import annotations

import sys

from suite.machine.openmp import wait_passively

if "torch" not in sys.modules:  # else it is too late
    wait_passively()

from suite.api.measuring import compare_energy, measure_energy
from suite.api.results import EnergyComparison, EnergyMeasurement

__all__ = ["EnergyComparison", "EnergyMeasurement", "compare_energy", "measure_energy"]
