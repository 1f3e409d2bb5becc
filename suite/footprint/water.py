"""Water used off site: to make the electricity, by place."""

from __future__ import annotations

import msgspec

from suite.carbon.grid import Grid
from suite.carbon.quantity import Figure
from suite.carbon.tables import read_table


class OffsiteWater(msgspec.Struct, frozen=True, kw_only=True):
    """Litres used to make a kWh of electricity in a region (by the grid's name) or a country (by ISO 3166 code)."""

    place: str
    l_per_kwh: float
    year: int
    source: str


def offsite_water(grid: Grid) -> Figure | None:
    """The region's own figure, else its country's; None where neither is known.

    Reservoirs count, so a grid of much hydropower has little carbon and much water: the two are never one score.
    """
    known = {row.place: row for row in read_table("water_offsite.csv", OffsiteWater)}
    found = known.get(grid.name) or known.get(grid.iso3 or "")
    if found is None:
        return None
    source = f"{found.place}: {found.source}"
    return Figure(value=found.l_per_kwh, unit="L/kWh", tag="published", source=source, year=found.year)
