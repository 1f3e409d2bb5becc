"""The fields of a point's summary that hold energy."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.point import energy
from suite.analysis.point.break_even import break_even_queries, break_even_range
from suite.record.schema import ApplyCost, Record
from suite.stats import paired
from suite.units import joules_to_kwh

QUERIES_PER_CO2E = 1000


def energy_fields(record: Record, found: energy.Headline, g_co2e_per_kwh: float) -> dict[str, Any]:
    """Of the headline component: joules, ratios gross and net of idle power, and carbon."""
    windows, component = record.windows, found.component
    block_ratios = paired.block_ratios(windows, component)
    candidate = energy.energy_per_query(windows, "candidate", component)
    idle_w = energy.idle_power(record.idle, component)
    idle = record.idle if idle_w is not None else None
    grams = None if candidate is None else joules_to_kwh(candidate * QUERIES_PER_CO2E) * g_co2e_per_kwh
    return {
        "component": component,
        "energy_basis": found.basis,
        "method": found.method,
        "energy_per_query_j": candidate,
        "baseline_energy_per_query_j": energy.energy_per_query(windows, "baseline", component),
        "energy_per_token_j": energy.energy_per_token(windows, component),
        "block_energy_ratios": block_ratios or [],
        "idle_power_w": idle_w,
        "idle_before_w": idle.before_w.get(component) if idle else None,
        "idle_after_w": idle.after_w.get(component) if idle else None,
        "net_energy_per_query_j": energy.net_per_query(windows, "candidate", component, idle_w),
        "baseline_net_energy_per_query_j": energy.net_per_query(windows, "baseline", component, idle_w),
        "co2e_g_per_1000": grams,
        **_ratio_fields("energy_ratio", energy.ratio(block_ratios)),
        **_ratio_fields("net_energy_ratio", energy.net_ratio(windows, idle, component)),
    }


def _ratio_fields(name: str, value: energy.Ratio | None) -> dict[str, float | None]:
    ends = dataclasses.asdict(value) if value else {"estimate": None, "low": None, "high": None}
    return {name: ends["estimate"], f"{name}_low": ends["low"], f"{name}_high": ends["high"]}


def cost_fields(cost: ApplyCost | None, found: energy.Headline, fields: dict[str, Any]) -> dict[str, Any]:
    """The one-off cost in the headline's own component and basis; joules of another kind do not repay these."""
    if cost is None:
        return {}
    comparable = energy.basis_of(cost.method.get(found.component, "")) == found.basis
    apply_energy_j = cost.energy_j.get(found.component) if comparable else None
    queries = break_even_queries(apply_energy_j, fields["baseline_energy_per_query_j"], fields["energy_per_query_j"])
    ends = break_even_range(
        apply_energy_j, fields["baseline_energy_per_query_j"], fields["energy_ratio_low"], fields["energy_ratio_high"]
    )
    return {
        "apply_energy_j": apply_energy_j,
        "apply_duration_s": cost.duration_s,
        "break_even_queries": queries,
        "break_even_queries_low": ends.low,
        "break_even_queries_high": ends.high,
    }
