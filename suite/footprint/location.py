"""Where the energy is used: from joules of the hardware to grams of CO2e and litres of water, figure by figure."""

from __future__ import annotations

import dataclasses

from suite.carbon.grid import Grid
from suite.carbon.quantity import Figure, checked, significant
from suite.units import joules_to_kwh


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site:
    """A grid and a data centre. What is None is not known, and no figure is made of it.

    Attributes:
        grid: whose electricity is used.
        pue: energy of the whole data centre over that of its hardware, at least 1.
        onsite_l_per_kwh: water evaporated in the data centre, a kWh of its hardware (WUE).
        offsite_l_per_kwh: water used to make a kWh of electricity.
    """

    grid: Grid
    pue: Figure | None = None
    onsite_l_per_kwh: Figure | None = None
    offsite_l_per_kwh: Figure | None = None

    def __post_init__(self) -> None:
        checked("the carbon intensity, in g CO2e a kWh,", self.grid.g_co2e_per_kwh)
        if self.pue is not None:
            checked("PUE", self.pue.value, least=1.0)
        for name, water in (("on-site", self.onsite_l_per_kwh), ("off-site", self.offsite_l_per_kwh)):
            if water is not None:
                checked(f"{name} water, in litres a kWh,", water.value)

    @property
    def overhead(self) -> float:
        """The factor of the data centre; 1 where none is known, which ``carbon`` says."""
        return self.pue.value if self.pue else 1.0

    @property
    def intensity(self) -> Figure:
        """The grid's carbon intensity."""
        grid, unit = self.grid, "g CO2e/kWh"
        source = f"{grid.place}, location-based; {grid.source}"
        return Figure(value=grid.g_co2e_per_kwh, unit=unit, tag=grid.tag, source=source, year=grid.year)

    def facility_kwh(self, energy_j: float) -> float:
        """Energy of the data centre for ``energy_j`` of its hardware."""
        return joules_to_kwh(checked("energy, in joules,", energy_j)) * self.overhead

    def carbon(self, energy_j: float, basis: str) -> Figure:
        """Grams of CO2e for ``energy_j`` of hardware that was ``basis`` (measured, estimated, modelled)."""
        grid = self.grid
        source = (
            f"{basis} energy x {self._pue_text()} x {significant(grid.g_co2e_per_kwh)} g CO2e/kWh "
            f"({grid.place}, {grid.year}, location-based; {grid.source})"
        )
        grams = self.facility_kwh(energy_j) * grid.g_co2e_per_kwh
        return Figure(value=grams, unit="g CO2e", tag="modelled", source=source, year=grid.year)

    def water(self, energy_j: float, basis: str) -> dict[str, Figure]:
        """Litres ``on site`` and ``off site`` for ``energy_j`` of hardware; what is not known is absent.

        Off site counts the energy of the whole data centre, on site that of the hardware (Li et al. 2025,
        "Making AI less thirsty", arXiv:2304.03271).
        """
        found = {}
        for name, factor, kwh, by in (
            ("on site", self.onsite_l_per_kwh, joules_to_kwh(energy_j), "WUE"),
            ("off site", self.offsite_l_per_kwh, self.facility_kwh(energy_j), f"{self._pue_text()} x water"),
        ):
            if factor is not None:
                source = f"{basis} energy x {by} {significant(factor.value)} L/kWh ({factor.source})"
                value = kwh * factor.value
                found[name] = Figure(value=value, unit="L", tag="modelled", source=source, year=factor.year)
        return found

    def _pue_text(self) -> str:
        return f"PUE {significant(self.pue.value)} ({self.pue.source})" if self.pue else "no data-centre overhead"
