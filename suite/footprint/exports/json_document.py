"""A footprint as one JSON object: plain numbers first, then every figure with its tag, year and source."""

from __future__ import annotations

from typing import Any

import msgspec

from suite.carbon.quantity import Figure
from suite.footprint.assess import Footprint
from suite.footprint.beside import Beside
from suite.footprint.impact import Impact


def document(footprint: Footprint) -> dict[str, Any]:
    """The object. A number that is not known is null; shares go from 0 to 1."""
    impact, without = footprint.impact, footprint.without
    parts: dict[str, Any] = {
        **numbers(impact),
        "shares": impact.shares,
        "mitigation": footprint.technique,
        "without_mitigation": numbers(without) | {"shares": without.shares} if without else None,
        "published": _published(footprint.beside),
        "scenario": footprint.scenario,
        "grid": footprint.grid,
        "datacentre": footprint.datacentre,
        "tasks": impact.parts,
        "run_queries": footprint.run_queries,
        "figures": impact.named(),
        "equivalences": impact.equivalences,
        "sensitivity": footprint.sensitivity,
        "repaid": footprint.repaid,
        "grid_is_the_scenario_s": footprint.grid_is_the_scenario_s,
        "notes": footprint.notes,
        "as_of_year": footprint.as_of_year,
    }
    plain: dict[str, Any] = msgspec.to_builtins(parts)
    return plain


def _published(found: Beside | None) -> dict[str, Any] | None:
    """The published figures of the same use, and one's own over them."""
    if found is None:
        return None
    return numbers(found.published) | {
        "shares": found.published.shares,
        "tasks": found.published.parts,
        "stay_published": found.stay_published,
        "own_over_published": found.ratio,
        "own_over_published_by_task": found.task_ratios,
    }


def numbers(impact: Impact) -> dict[str, float | None]:
    """The headline numbers by name and unit, each with its interval."""
    named = {
        "energy_kwh": impact.energy,
        "it_energy_kwh": impact.it_energy,
        "co2e_kg": impact.carbon,
        "water_l": impact.water,
        "water_onsite_l": impact.water_onsite,
        "water_offsite_l": impact.water_offsite,
        "cost": impact.cost,
    }
    return {key: number for name, figure in named.items() for key, number in _with_ends(name, figure).items()}


def _with_ends(name: str, figure: Figure | None) -> dict[str, float | None]:
    value, low, high = (figure.value, figure.low, figure.high) if figure else (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
