"""The carbon intensity of a place's electricity, and how places are called."""

from __future__ import annotations

import re
import unicodedata

import msgspec

from suite.carbon.quantity import Tag, checked


class Grid(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Grams of CO2 equivalent a kWh of electricity, location-based, with year and source.

    Attributes:
        name: what ``find`` knows it by, such as ``italy`` or ``us/california``.
        place: as printed.
        g_co2e_per_kwh: carbon intensity.
        year: of the figure.
        source: of the figure.
        iso3: the country's code, to look up its water; None where the place is not in one country.
        tag: how the figure was got.
    """

    name: str
    place: str
    g_co2e_per_kwh: float
    year: int
    source: str
    iso3: str | None = None
    tag: Tag = "published"


def own_grid(g_co2e_per_kwh: float, year: int) -> Grid:
    """The user's own value, given in ``year``.

    Raises:
        InputError: it is no finite number of 0 or more.
    """
    value = checked("grid_g_per_kwh, the carbon intensity,", g_co2e_per_kwh)
    place, source = "a place of the user's own", "given by the user, not checked"
    return Grid(name="own", place=place, g_co2e_per_kwh=value, year=year, source=source, tag="estimated")


def slug(name: str) -> str:
    """A name as the places are called: lower case, no accents, ``_`` between words, ``/`` before a region."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return "/".join(re.sub(r"[^a-z0-9]+", "_", part).strip("_") for part in plain.split("/"))
