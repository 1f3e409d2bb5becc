"""Software Carbon Intensity (SCI, ISO/IEC 21031:2024) of one query: ((E x I) + M) / R, with R one query.

Deviation: where nobody has published the embodied carbon of the hardware and the user gives none, the
operational part alone is stated and named so. The specification asks for both, so that is no SCI score.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, checked, significant, to_yaml
from suite.footprint.embodied import Embodied, embodied_of, embodied_share_g
from suite.footprint.location import Site
from suite.footprint.subject import boundary, energy_of, query_of

NO_EMBODIED = (
    "not stated: no sourced figure for this hardware; give embodied_kg= and lifetime_years=. "
    "Without it the operational part is no full SCI score"
)


class FunctionalUnit(NamedTuple):
    """R: what is counted, and how many of it a query makes."""

    name: str
    per_query: float


def sci_score(energy_kwh: float, g_co2e_per_kwh: float, embodied_g: float, functional_units: float = 1.0) -> float:
    """Grams CO2e a functional unit.

    Raises:
        InputError: a negative figure, or no functional unit.
    """
    operational_g = checked("energy, in kWh,", energy_kwh) * checked("carbon intensity", g_co2e_per_kwh)
    units = checked("functional units", functional_units, above=True)
    return (operational_g + checked("embodied carbon, in g,", embodied_g)) / units


def embodied_figure(point: PointSummary, device: Embodied | None, resource_share: float) -> Figure | None:
    """M for one query; None where the device's figure or the time of a query is not known."""
    if device is None or not point.throughput_qps:
        return None
    query_s = 1 / point.throughput_qps
    source = (
        f"{significant(device.kg_co2e)} kg CO2e for {device.device} over {significant(device.lifetime_years)} years "
        f"({device.source}; {device.doubt}) x {significant(query_s)} s a {query_of(point)} "
        f"x {significant(resource_share)} of the device"
    )
    grams = embodied_share_g(device.kg_co2e, device.lifetime_years, query_s, resource_share)
    return Figure(value=grams, unit=f"g CO2e per {query_of(point)}", tag="modelled", source=source, year=device.year)


def sci_document(
    point: PointSummary,
    site: Site,
    *,
    embodied_kg: float | None = None,
    lifetime_years: float | None = None,
    resource_share: float = 1.0,
) -> str:
    """The SCI of one point as YAML, with the boundary and method that the specification asks to disclose.

    Raises:
        InputError: the point has no energy, or a number is out of range.
    """
    return to_yaml("software_carbon_intensity", sci_fields(point, site, embodied_kg, lifetime_years, resource_share))


def sci_fields(
    point: PointSummary,
    site: Site,
    embodied_kg: float | None = None,
    lifetime_years: float | None = None,
    resource_share: float = 1.0,
    counted: FunctionalUnit | None = None,
) -> dict[str, object]:
    """The SCI of one point: figures and texts by name; ``score`` is absent where M is not known.

    Args:
        point: what was measured.
        site: where it is used.
        embodied_kg: of your hardware, kg CO2e; None takes a published figure where there is one.
        lifetime_years: how long it serves.
        resource_share: of the device, that a query has to itself.
        counted: the functional unit; None is one query.

    Raises:
        InputError: the point has no energy, or a number is out of range.
    """
    unit = counted or FunctionalUnit(query_of(point), 1.0)
    energy = energy_of(point)
    operational = _per(unit, site.carbon(energy.value, energy.tag))
    embodied = embodied_figure(point, embodied_of(point, embodied_kg, lifetime_years), resource_share)
    fields: dict[str, object] = {
        "specification": "ISO/IEC 21031:2024, SCI = ((E * I) + M) / R",
        "functional_unit": f"R = one {unit.name} of {point.task} ({point.mitigation}, {point.model})",
    }
    if unit.per_query != 1:
        fields["units_per_query"] = unit.per_query
    if embodied is not None:
        score = sci_score(site.facility_kwh(energy.value), site.grid.g_co2e_per_kwh, embodied.value, unit.per_query)
        source = "operational + embodied, both below"
        year = max(operational.year, embodied.year)
        fields["score"] = Figure(value=score, unit=_unit(unit), tag="modelled", source=source, year=year)
    return fields | {
        "operational": operational,
        "embodied": _per(unit, embodied) if embodied else NO_EMBODIED,
        "energy": energy,
        "pue": site.pue or "not counted: no data centre was named",
        "carbon_intensity": site.intensity,
        "boundary": boundary(point, site),
    }


def _per(unit: FunctionalUnit, of_query: Figure) -> Figure:
    """A query's carbon as that of a functional unit."""
    source = of_query.source if unit.per_query == 1 else f"{of_query.source} / units_per_query"
    return msgspec.structs.replace(of_query, value=of_query.value / unit.per_query, unit=_unit(unit), source=source)


def _unit(unit: FunctionalUnit) -> str:
    return f"g CO2e per {unit.name}"
