"""Carbon intensities of countries and regions from the data files of the installed CodeCarbon.

Only the files are read. Importing CodeCarbon would load pandas and ask the machine for its hardware.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from suite.carbon.grid import Grid, slug
from suite.errors import InputError

FOSSIL_G_CO2E_PER_KWH = {"coal": 995.725971, "petroleum": 816.6885263, "naturalGas": 743.8415916}
"""CodeCarbon's factors for a Canadian mix (core/emissions.py); it counts nothing for the other sources."""
G_PER_KWH_OF_LB_PER_MWH = 0.45359237
"""Exact: the international pound."""
REGIONAL_YEAR = 2023
GOOGLE_CLOUD_YEAR = 2024


class Place(NamedTuple):
    """A grid and the other names it goes by."""

    grid: Grid
    aliases: tuple[str, ...] = ()


class _Country(msgspec.Struct):
    country_name: str
    iso_code: str
    carbon_intensity: float
    year: int


class _Zone(msgspec.Struct):
    emission_factor: float
    description: str
    year: int


class _Zones(msgspec.Struct):
    data: dict[str, _Zone]


def read_places() -> list[Place]:
    """All countries, US states, Canadian and Chinese provinces, Nordic zones and Google Cloud regions.

    Raises:
        InputError: a file is missing or is not as in the versions this was written for.
    """
    spec = importlib.util.find_spec("codecarbon")
    folders = spec.submodule_search_locations if spec else None
    try:
        return list(_read(Path(next(iter(folders or [])), "data"), f"as in CodeCarbon {version('codecarbon')}"))
    except (OSError, StopIteration, msgspec.MsgspecError, KeyError, TypeError, ValueError, ImportError) as error:
        raise InputError(
            "the grid data of the installed CodeCarbon cannot be read",
            got=f"{type(error).__name__}: {error}",
            remedy="install the pinned version, or give your own value, in g CO2e a kWh",
        ) from error


def _read(folder: Path, edition: str) -> Iterable[Place]:
    private = folder / "private_infra"
    yield from _countries((private / "global_energy_mix.json").read_bytes(), edition)
    yield from _us_states((private / "2023" / "usa_emissions.json").read_bytes(), edition)
    yield from _canadian_provinces((private / "2023" / "canada_energy_mix.json").read_bytes(), edition)
    yield from _chinese_provinces((private / "2023" / "china_provincial_emissions.json").read_bytes(), edition)
    yield from _nordic_zones((private / "nordic_emissions.json").read_bytes(), edition)
    yield from _google_cloud_regions((folder / "cloud" / "impact.csv").read_text("utf-8-sig"), edition)


def _countries(content: bytes, edition: str) -> Iterable[Place]:
    source = f"Our World in Data (Ember / Energy Institute) generation mix, {edition} (global_energy_mix.json)"
    for country in msgspec.json.decode(content, type=dict[str, _Country]).values():
        yield Place(
            Grid(
                name=slug(country.country_name),
                place=country.country_name,
                g_co2e_per_kwh=country.carbon_intensity,
                year=country.year,
                source=source,
                iso3=country.iso_code,
            ),
            (country.iso_code,),
        )


def _us_states(content: bytes, edition: str) -> Iterable[Place]:
    entries: dict[str, dict[str, Any]] = msgspec.json.decode(content)
    about = entries["_source"]
    for state, entry in entries.items():
        if state.startswith("_") or state == "usa":  # the country has its own entry, of the same kind as the others
            continue
        grams = entry["emissions"] * G_PER_KWH_OF_LB_PER_MWH
        source = f"{about['name']}, {edition} (usa_emissions.json)"
        yield _region("us", state.title(), "United States", grams, about["year"], source, "USA", entry["regionCode"])


def _canadian_provinces(content: bytes, edition: str) -> Iterable[Place]:
    source = f"generation mix x factors for coal, oil and gas alone, {edition} (canada_energy_mix.json)"
    for province, mix in msgspec.json.decode(content, type=dict[str, dict[str, float]]).items():
        grams = sum(mix[fuel] / mix["total"] * factor for fuel, factor in FOSSIL_G_CO2E_PER_KWH.items())
        place = _region("canada", province.title(), "Canada", grams, REGIONAL_YEAR, source, "CAN")
        yield place._replace(grid=msgspec.structs.replace(place.grid, tag="modelled"))


def _chinese_provinces(content: bytes, edition: str) -> Iterable[Place]:
    source = f"MEE and NBS of China, Announcement 2025 No. 47, CO2 only, {edition} (china_provincial_emissions.json)"
    for code, zone in msgspec.json.decode(content, type=_Zones).data.items():
        grams = zone.emission_factor
        yield _region("china", zone.description, "China", grams, zone.year, source, "CHN", code.rpartition("-")[2])


def _nordic_zones(content: bytes, edition: str) -> Iterable[Place]:
    countries = {"SE": ("sweden", "SWE"), "NO": ("norway", "NOR"), "FI": ("finland", "FIN")}
    source = f"ENTSO-E generation by type x factors by source, {edition} (nordic_emissions.json)"
    for code, zone in msgspec.json.decode(content, type=_Zones).data.items():
        country, iso3 = countries[code[:2]]
        grid = Grid(
            name=f"{country}/{slug(code)}",
            place=zone.description,
            g_co2e_per_kwh=zone.emission_factor,
            year=zone.year,
            source=source,
            iso3=iso3,
            tag="modelled",
        )
        yield Place(grid, (code,))


def _google_cloud_regions(content: str, edition: str) -> Iterable[Place]:
    source = f"Google, cloud.google.com/sustainability/region-carbon, table of 2024, {edition} (cloud/impact.csv)"
    for row in csv.DictReader(content.splitlines()):
        region = row["region"].replace("cenrtal", "central")  # the file's own spelling of me-central1
        where = ", ".join(part for part in (row["city"] or row["state"], row["country_name"]) if part)
        yield Place(
            Grid(
                name=f"gcp/{slug(region)}",
                place=f"Google Cloud {region} ({where})",
                g_co2e_per_kwh=float(row["impact"]),
                year=GOOGLE_CLOUD_YEAR,
                source=source,
                iso3=row["countryIsoCode"] or None,
            )
        )


def _region(
    prefix: str, name: str, country: str, grams: float, year: int, source: str, iso3: str, code: str | None = None
) -> Place:
    """A region of a country, called ``PREFIX/NAME`` and, where it has a code, ``PREFIX/CODE``."""
    grid = Grid(
        name=f"{prefix}/{slug(name)}",
        place=f"{name}, {country}",
        g_co2e_per_kwh=grams,
        year=year,
        source=source,
        iso3=iso3,
    )
    return Place(grid, (f"{prefix}/{code}",) if code else ())
