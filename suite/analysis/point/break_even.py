"""How many queries repay what a technique cost once."""

from __future__ import annotations

from typing import Literal

from suite.analysis.verdict import FLOOR

Repayment = Literal["repaid", "at-once", "never", "unresolved", "unknown"]


def repayment(
    ratio_low: float | None, ratio_high: float | None, queries: float | None, floor: float = FLOOR
) -> Repayment:
    """What may be said of a break-even after ``queries``, given the interval of the energy ratio.

    A saving whose interval does not lie wholly beyond the instrument's ``floor``, as a relative change, may be none, so
    its break-even is not resolved.
    """
    if ratio_low is None or ratio_high is None:
        return "unknown"
    if ratio_low > 1 + floor:
        return "never"
    if ratio_high >= 1 / (1 + floor):
        return "unresolved"
    if queries is None:
        return "unknown"
    return "at-once" if queries == 0 else "repaid"


def queries_to_cover(once_j: float | None, per_query_j: float | None) -> float | None:
    """Queries whose ``per_query_j`` add up to ``once_j``: used, or saved.

    Returns:
        None where a figure is missing, or ``per_query_j`` is not above 0 and so never adds up.
    """
    if once_j is None or per_query_j is None or not per_query_j > 0:
        return None
    return once_j / per_query_j


def break_even_queries(
    apply_energy_j: float | None, baseline_energy_per_query_j: float | None, ratio: float | None
) -> float | None:
    """Queries after which the saving has repaid ``apply_energy_j``.

    Args:
        apply_energy_j: what applying the technique cost once.
        baseline_energy_per_query_j: of the same component, got the same way.
        ratio: of the energy per query, candidate to baseline; the one whose interval ``break_even_range`` takes.

    Returns:
        0 where the technique cost nothing, None where it saves nothing (it never repays) or a figure is missing.
    """
    if baseline_energy_per_query_j is None or ratio is None:
        return None
    return queries_to_cover(apply_energy_j, baseline_energy_per_query_j * (1 - ratio))


def break_even_range(
    apply_energy_j: float | None,
    baseline_energy_per_query_j: float | None,
    ratio_low: float | None,
    ratio_high: float | None,
) -> tuple[float | None, float | None]:
    """The break-even in queries at both ends of the interval of the energy ratio.

    Only the ratio's uncertainty is in it: the one-off cost and the baseline's energy were read once.

    Returns:
        The fewest and the most queries. No ``Interval``: it has no point in the middle, and its ends are None one by
        one. A low end of None where even the best ratio saves nothing. A high end of None where the interval
        of the ratio reaches 1: no number of queries is sure to repay, the break-even is not resolved.
    """
    if baseline_energy_per_query_j is None or ratio_low is None or ratio_high is None:
        return None, None
    fewest, most = (
        queries_to_cover(apply_energy_j, baseline_energy_per_query_j * (1 - ratio)) for ratio in (ratio_low, ratio_high)
    )
    return fewest, most
