"""What measuring a point has cost, as far as it was metered."""

from __future__ import annotations

from suite.analysis.point.energy import basis_of
from suite.record.schema import Record


def spent_energy_j(record: Record) -> dict[str, float]:
    """Joules of a record's windows, both arms, of applying its techniques and of compiling, by ``kind_of`` energy.

    What was not metered is in none of them: loading, scoring, warm-up. Energies of two components, or got in two ways,
    are never added.
    """
    parts = [(each.energy_j, each.method) for each in (*record.windows, *record.prefill_windows)]
    parts += [(each.energy_j, each.method) for each in record.compile_cost.values()]
    if record.apply_cost is not None:
        parts.append((record.apply_cost.energy_j, record.apply_cost.method))
    total: dict[str, float] = {}
    for energy_j, method in parts:
        for component, joules in energy_j.items():
            kind = kind_of(component, basis_of(method.get(component, "")))
            total[kind] = total.get(kind, 0.0) + joules
    return total


def kind_of(component: str | None, basis: str | None) -> str:
    """A component with how its energy was got, as one text: ``cpu estimated``."""
    return f"{component} {basis}"
