"""Energies of an earlier run, in the json that pytest-benchmark saved, and what has become of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from suite.api import EnergyMeasurement
from suite.errors import InputError
from suite.stats.interval import Interval, welch_ratio

_REMEDY = "give a file that --benchmark-json or --benchmark-save wrote in a run with energy_benchmark"


class SavedEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """What ``EnergyMeasurement.to_dict`` gives, as far as it is compared."""

    energy_per_query_j: float
    block_energies_j: list[float]
    component: str
    method: str
    hardware: str | None

    def difference_to(self, found: EnergyMeasurement) -> str | None:
        """Why joules of the two cannot be compared; None where they can."""
        for what, before, now in (
            ("hardware", self.hardware, found.summary.hardware),
            ("component", self.component, found.component),
            ("method", self.method, found.method),
        ):
            if before != now:
                return f"another {what} ({before} there, {now} here)"
        return None


class _Benchmark(msgspec.Struct):
    fullname: str
    extra_info: dict[str, Any]

    @property
    def energy(self) -> SavedEnergy | None:
        """What the fixture stored; None where nothing is there, or something of another's.

        Raises:
            ValidationError: it is damaged.
        """
        stored = self.extra_info.get("energy")
        is_ours = isinstance(stored, dict) and "energy_per_query_j" in stored
        return msgspec.convert(stored, SavedEnergy) if is_ours else None


class _Saved(msgspec.Struct):
    benchmarks: list[_Benchmark]


def energies_of(file: Path) -> dict[str, SavedEnergy]:
    """By the full name of the test.

    Raises:
        InputError: the file cannot be read, is none of pytest-benchmark's, or holds no energy.
    """
    try:
        saved = msgspec.convert(json.loads(file.read_text("utf-8")), _Saved)
        found = {each.fullname: each.energy for each in saved.benchmarks}
    except OSError as error:
        raise InputError("the earlier run cannot be read", got=str(error), remedy=_REMEDY) from error
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise InputError(f"{file} is no saved run ({error})", got=str(file), remedy=_REMEDY) from error
    energies = {name: energy for name, energy in found.items() if energy is not None}
    if not energies:
        raise InputError(f"{file} holds no energy", got=f"{len(found)} benchmarks without it", remedy=_REMEDY)
    return energies


def rise_of(saved: SavedEnergy, found: EnergyMeasurement) -> Interval | None:
    """Energy per query now over that of then, with the 95 % interval of two runs that are not paired.

    Returns:
        None where a run has fewer than two blocks.
    """
    ratio = welch_ratio(found.block_energies_j, saved.block_energies_j)
    return None if ratio is None or ratio.low is None else ratio
