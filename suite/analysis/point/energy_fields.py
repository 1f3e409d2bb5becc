"""The fields of a point's summary that hold energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.analysis.point import energy
from suite.analysis.point.break_even import break_even_queries, break_even_range
from suite.analysis.point.carbon_fields import carbon_fields
from suite.analysis.point.interval_fields import interval_fields
from suite.analysis.point.token_fields import token_fields
from suite.record.schema import ApplyCost, Record, Window
from suite.stats import paired


def energy_fields(
    record: Record,
    windows: Sequence[Window],
    compared: Sequence[Window],
    found: energy.Headline,
    g_co2e_per_kwh: float | None,
) -> dict[str, Any]:
    """Of the headline component: joules of both arms, the ratios, and carbon.

    Joules a query are of queries as they were answered; ratios are by what the record compares energies by.

    Args:
        record: of the point.
        windows: those of the record that the point's figures are made of, as they were measured.
        compared: the same with the queries that energies are compared by.
        found: the headline.
        g_co2e_per_kwh: of the baseline's electricity; None where it is not known.
    """
    component = found.component
    candidate = energy.energy_per_query(windows, "candidate", component)
    idle_w = energy.idle_power(record.idle, component)
    idle = record.idle if idle_w is not None else None
    block_ratios = paired.every_block_ratio(compared, component)
    ratio = paired.ratio_interval(block_ratios or [])
    return {
        "component": component,
        "denominator": record.denominator,
        "energy_basis": found.basis,
        "method": found.method,
        "energy_per_query_j": candidate,
        "baseline_energy_per_query_j": energy.energy_per_query(windows, "baseline", component),
        "block_energy_ratios": block_ratios or [],
        "idle_power_w": idle_w,
        "idle_before_w": idle.before_w.get(component) if idle else None,
        "idle_after_w": idle.after_w.get(component) if idle else None,
        "net_energy_per_query_j": energy.net_per_query(windows, "candidate", component, idle_w),
        "baseline_net_energy_per_query_j": energy.net_per_query(windows, "baseline", component, idle_w),
        **carbon_fields(record.effect, candidate, ratio, g_co2e_per_kwh),
        **interval_fields("energy_ratio", ratio),
        **token_fields(record, windows, component),
        **interval_fields("net_energy_ratio", energy.net_ratio(compared, idle, component)),
    }


def component_fields(windows: Sequence[Window]) -> dict[str, Any]:
    """Joules a query of every component that was read, by arm, and how each was got."""
    return {
        "energy_per_query_by_component_j": {
            component: _both_arms(windows, component)
            for component in sorted({name for window in windows for name in window.energy_j})
        },
        "methods": {name: method for window in windows for name, method in sorted(window.method.items())},
    }


def _both_arms(windows: Sequence[Window], component: str) -> dict[str, float]:
    baseline = energy.energy_per_query(windows, "baseline", component)
    candidate = energy.energy_per_query(windows, "candidate", component)
    values = {"baseline": baseline, "candidate": candidate}
    return {arm: value for arm, value in values.items() if value is not None}


def cost_fields(cost: ApplyCost | None, found: energy.Headline, fields: dict[str, Any]) -> dict[str, Any]:
    """The one-off cost in the headline's own component and basis; joules of another kind do not repay these."""
    if cost is None:
        return {}
    comparable = energy.basis_of(cost.method.get(found.component, "")) == found.basis
    apply_energy_j = cost.energy_j.get(found.component) if comparable else None
    baseline_j = fields["baseline_energy_per_query_j"]
    queries = break_even_queries(apply_energy_j, baseline_j, fields["energy_ratio"])
    fewest, most = break_even_range(apply_energy_j, baseline_j, fields["energy_ratio_low"], fields["energy_ratio_high"])
    return {
        "apply_energy_j": apply_energy_j,
        "apply_duration_s": cost.duration_s,
        "break_even_queries": queries,
        "break_even_queries_low": fewest,
        "break_even_queries_high": most,
    }
