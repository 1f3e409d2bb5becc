"""Conversions between the units of the instruments and SI. Every factor stands here, once."""

from __future__ import annotations

JOULES_PER_KWH = 3.6e6
BYTES_PER_MB = 1e6
BYTES_PER_GB = 1e9


def kwh_to_joules(energy_kwh: float) -> float:
    """Kilowatt hours to joules (exact: 1 kWh = 3.6 MJ)."""
    return energy_kwh * JOULES_PER_KWH


def joules_to_kwh(energy_j: float) -> float:
    """Joules to kilowatt hours (exact)."""
    return energy_j / JOULES_PER_KWH


def millijoules_to_joules(energy_mj: float) -> float:
    """Millijoules, the unit of the NVML energy counter, to joules (exact)."""
    return energy_mj / 1e3
