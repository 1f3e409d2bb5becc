"""Energy of functions, from Python: what the command line measures of models, by the same code."""

from __future__ import annotations

from suite.api.measuring import compare_energy, measure_energy
from suite.api.reference_workload import ReferenceWorkload
from suite.api.results import EnergyComparison, EnergyMeasurement

__all__ = ["EnergyComparison", "EnergyMeasurement", "ReferenceWorkload", "compare_energy", "measure_energy"]
