"""Energies of an earlier run, in the json that pytest-benchmark saved, and what has become of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import msgspec

from suite.api import EnergyMeasurement
from suite.errors import InputError
from suite.stats.interval import Interval, welch_ratio
from suite.text import numbers as text

_REMEDY = "give a file that --benchmark-json or --benchmark-save wrote in a run with energy_benchmark"


class SavedEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """What ``EnergyMeasurement.to_dict`` gives, as far as it is compared."""

    energy_per_query_j: float
    block_energies_j: list[float]
    component: str
    method: str
    hardware: str | None
    reference: str | None = None
    block_reference_ratios: list[float] | None = None

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


class Rise(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the energy per query.

    Attributes:
        ratio: now over then, with the 95 % interval of two runs that are not paired.
        basis: what of the two runs was held against each other, in words.
        course: that figure then and now, in words.
    """

    ratio: Interval
    basis: str
    course: str


def rise_of(saved: SavedEnergy, found: EnergyMeasurement) -> Rise | None:
    """By the ratios to the reference where both runs have the same one, else by joules.

    Returns:
        None where a run has fewer than two blocks.
    """
    then, now = saved.block_reference_ratios, found.block_reference_ratios
    if saved.reference == found.reference and then and now:
        return _rise(then, now, "beside the reference", text.significant, " times the reference's")
    basis = f"in joules{_why_joules(saved.reference, found.reference)}"
    return _rise(saved.block_energies_j, found.block_energies_j, basis, text.energy)


def _rise(
    then: list[float], now: list[float], basis: str, shown: Callable[[float], str], unit: str = ""
) -> Rise | None:
    ratio = welch_ratio(now, then)
    if ratio is None or ratio.low is None:
        return None
    course = f"from {shown(geometric_mean(then))} to {shown(geometric_mean(now))}{unit}"
    return Rise(ratio=ratio, basis=basis, course=course)


def _why_joules(then: str | None, now: str | None) -> str:
    if then == now:
        return ""
    if then is None or now is None:
        return f" ({'the earlier run' if then is None else 'this run'} has no reference)"
    return " (the reference is another)"
