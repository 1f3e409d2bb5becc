"""What the energy of a use means: carbon, water, everyday things, money."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from suite.carbon.arithmetic import scaled, summed
from suite.carbon.quantity import Figure, significant
from suite.footprint.equivalences import cost, equivalences
from suite.footprint.location import Site
from suite.footprint.scenario import Part, shares, total
from suite.units import JOULES_PER_KWH

GRAMS_PER_KG = 1e3


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one use. What is not known is None.

    Attributes:
        it_energy: kWh of the hardware.
        energy: kWh of the whole data centre.
        carbon: kg CO2e.
        water_onsite: litres.
        water_offsite: litres.
        water: litres, both together; None where either is not known.
        cost: in the user's currency; None where no price was given.
        equivalences: by name.
        parts: by task.
        shares: of the energy by task, from 0 to 1.
    """

    it_energy: Figure
    energy: Figure
    carbon: Figure
    water_onsite: Figure | None
    water_offsite: Figure | None
    water: Figure | None
    cost: Figure | None
    equivalences: dict[str, Figure]
    parts: list[Part]
    shares: dict[str, float] | None

    def named(self) -> dict[str, Figure]:
        """The figures that are known, by name; the equivalences are apart."""
        names = ("it_energy", "energy", "carbon", "water_onsite", "water_offsite", "water", "cost")
        return {name: figure for name in names if (figure := getattr(self, name)) is not None}


def impact_of(
    parts: list[Part],
    site: Site,
    *,
    choices: Mapping[str, str | None],
    price_per_kwh: float | None = None,
    currency: str = "EUR",
) -> Impact:
    """Carbon, water, everyday things and money for the parts of a scenario.

    Args:
        parts: of the scenario, their energies in kWh of the hardware.
        site: grid and data centre.
        choices: of each equivalence.
        price_per_kwh: the user's own; None leaves money out.
        currency: of the price.

    Raises:
        InputError: the scenario has no part, an unknown equivalence, or a number out of range.
    """
    it_energy = total(parts)
    energy = facility_energy(it_energy, site)
    carbon = carbon_kg(it_energy, site)
    water = {
        place: scaled(it_energy, each.value, unit="L", tag="modelled", source=each.source, year=each.year)
        for place, each in site.water(JOULES_PER_KWH, it_energy.tag).items()
    }
    onsite, offsite = water.get("on site"), water.get("off site")
    return Impact(
        it_energy=it_energy,
        energy=energy,
        carbon=carbon,
        water_onsite=onsite,
        water_offsite=offsite,
        water=summed([onsite, offsite], "on site and off site together") if onsite and offsite else None,
        cost=None if price_per_kwh is None else cost(energy, price_per_kwh, currency),
        equivalences=equivalences(energy, carbon, choices),
        parts=parts,
        shares=shares(parts),
    )


def facility_energy(it_energy: Figure, site: Site) -> Figure:
    """KWh of the whole data centre for kWh of its hardware."""
    if site.pue is None:
        return it_energy
    source = f"energy of the hardware x PUE {significant(site.pue.value)} ({site.pue.source})"
    return scaled(it_energy, site.overhead, source=source, year=min(it_energy.year, site.pue.year))


def carbon_kg(it_energy: Figure, site: Site) -> Figure:
    """Kg CO2e for kWh of the hardware."""
    each = site.carbon(JOULES_PER_KWH, it_energy.tag)
    kilograms = each.value / GRAMS_PER_KG
    return scaled(it_energy, kilograms, unit="kg CO2e", tag="modelled", source=each.source, year=each.year)
