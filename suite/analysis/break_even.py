"""How many queries repay what a technique cost once."""

from __future__ import annotations

from typing import Literal

Repayment = Literal["repaid", "at-once", "never", "unresolved", "unknown"]


def repayment(ratio_low: float | None, ratio_high: float | None, queries: float | None) -> Repayment:
    """What may be said of a break-even after ``queries``, given the interval of the energy ratio.

    A saving whose interval reaches to 1 may be none, so its break-even is not resolved.
    """
    if ratio_low is None or ratio_high is None:
        return "unknown"
    if ratio_low > 1:
        return "never"
    if ratio_high >= 1:
        return "unresolved"
    if queries is None:
        return "unknown"
    return "at-once" if queries == 0 else "repaid"


def break_even_queries(
    apply_energy_j: float | None, baseline_energy_per_query_j: float | None, energy_per_query_j: float | None
) -> float | None:
    """Queries after which the saving has repaid ``apply_energy_j``.

    All three in joules of the same component, got the same way.

    Returns:
        0 where the technique cost nothing, None where it saves nothing (it never repays) or a figure is missing.
    """
    if apply_energy_j is None or baseline_energy_per_query_j is None or energy_per_query_j is None:
        return None
    saved_j = baseline_energy_per_query_j - energy_per_query_j
    return apply_energy_j / saved_j if saved_j > 0 else None
