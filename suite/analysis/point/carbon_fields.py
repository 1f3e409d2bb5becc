"""The fields of a point's summary that hold carbon.

A technique that chooses cleaner electricity leaves energy as it is. What it changes stands in its proof as
``relative_carbon_intensity``: that of the electricity it would run on, to that of the baseline's. It is modelled, so it
is multiplied onto the measured ratio of energies and never mixed into it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from suite.analysis.point.interval_fields import interval_fields
from suite.stats.interval import Interval
from suite.units import joules_to_kwh

QUERIES_PER_CO2E = 1000
_KEY = "relative_carbon_intensity"


def carbon_fields(
    effect: Mapping[str, Any], energy_per_query_j: float | None, ratio: Interval | None, g_co2e_per_kwh: float | None
) -> dict[str, float | None]:
    """Grams of a thousand queries, and the ratio of CO2e where that is another one than of energy.

    Args:
        effect: of the record.
        energy_per_query_j: of the candidate.
        ratio: of energies, candidate to baseline.
        g_co2e_per_kwh: of the baseline's electricity.
    """
    relative = relative_carbon_intensity(effect)
    value = None if relative is None else relative.estimate
    return {
        "co2e_g_per_1000": co2e_g_per_1000(energy_per_query_j, g_co2e_per_kwh, value),
        _KEY: value,
        **interval_fields("co2e_ratio", None if relative is None or ratio is None else _product(ratio, relative)),
    }


def co2e_g_per_1000(
    energy_per_query_j: float | None, g_co2e_per_kwh: float | None, relative: float | None
) -> float | None:
    """Grams of CO2e of a thousand queries; None where energy or intensity is not known.

    ``relative``: intensity of the electricity relative to the grid's; None for the same.
    """
    if energy_per_query_j is None or g_co2e_per_kwh is None:
        return None
    grams = joules_to_kwh(energy_per_query_j * QUERIES_PER_CO2E) * g_co2e_per_kwh
    return grams if relative is None else grams * relative


def relative_carbon_intensity(effect: Mapping[str, Any]) -> Interval | None:
    """Of all techniques of a point together; None where none of them changes it. Ends where one states them."""
    proofs = effect.get("proof")
    seen = [proof.get("after") for proof in (proofs.values() if isinstance(proofs, Mapping) else ())]
    found = [
        Interval(after[_KEY], after.get(f"{_KEY}_low", after[_KEY]), after.get(f"{_KEY}_high", after[_KEY]))
        for after in seen
        if isinstance(after, Mapping) and isinstance(after.get(_KEY), int | float)
    ]
    if not found:
        return None
    lows, highs = zip(*(interval.ends for interval in found), strict=True)
    return Interval(math.prod(interval.estimate for interval in found), math.prod(lows), math.prod(highs))


def _product(ratio: Interval, relative: Interval) -> Interval:
    """Both at their ends in the worst combination; without ends where the ratio has none."""
    if ratio.low is None or ratio.high is None:
        return Interval(ratio.estimate * relative.estimate)
    low, high = relative.ends
    return Interval(ratio.estimate * relative.estimate, ratio.low * low, ratio.high * high)
