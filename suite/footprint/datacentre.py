"""The data centre around the hardware: its overhead (PUE) and the water it takes (WUE), by operator."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from suite.carbon.grid import Grid
from suite.carbon.quantity import Figure, checked
from suite.errors import InputError
from suite.footprint.location import Site
from suite.footprint.water import offsite_water
from suite.io.paths import CONF
from suite.text.suggest import one_of

DATACENTRE_FOLDER = CONF / "datacentre"
PUE_REMEDY = "1.2 means 20 % overhead; null counts none"


class Factor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published number with its year and source."""

    value: float
    year: int
    source: str


class DataCentre(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator publishes. None is not known, or not counted.

    Attributes:
        name: of its yaml.
        operator: as printed.
        pue: energy of the whole site over that of its hardware, at least 1.
        wue_l_per_kwh: litres used on site a kWh of hardware.
        doubt: what the figures do not say.
    """

    name: str
    operator: str
    pue: Factor | None
    wue_l_per_kwh: Factor | None
    doubt: str

    def __post_init__(self) -> None:
        if self.pue is not None:
            checked("PUE", self.pue.value, least=1.0)
        if self.wue_l_per_kwh is not None:
            checked("WUE, in litres a kWh,", self.wue_l_per_kwh.value)


def all_datacentres(folder: Path = DATACENTRE_FOLDER) -> list[DataCentre]:
    """Every data centre that ``load_datacentre`` knows, by name."""
    return [load_datacentre(path.stem, folder) for path in sorted(folder.glob("*.yaml"))]


def load_datacentre(name: str, folder: Path = DATACENTRE_FOLDER) -> DataCentre:
    """The data centre called ``name``.

    Raises:
        InputError: an unknown one, or its file does not say what it must.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise InputError("unknown data centre", got=name, remedy=one_of(name, known))
    try:
        return msgspec.convert(
            {"name": name, **yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))}, DataCentre
        )
    except (msgspec.ValidationError, yaml.YAMLError, TypeError) as error:
        raise InputError(f"data-centre file {name}.yaml cannot be read", got=str(error), remedy="correct it") from error


def site_of(
    grid: Grid,
    datacentre: DataCentre,
    *,
    year: int,
    pue: float | None = None,
    wue_l_per_kwh: float | None = None,
    offsite_l_per_kwh: float | None = None,
) -> Site:
    """A grid and a data centre together; the user's own numbers win.

    Args:
        grid: whose electricity is used.
        datacentre: an operator's.
        year: in which the user's own numbers were given.
        pue: the user's own.
        wue_l_per_kwh: likewise, water on site.
        offsite_l_per_kwh: likewise, water used to make a kWh; by default that of the grid's country, where known.

    Raises:
        InputError: a PUE below 1, or a number that is negative or none.
    """
    return Site(
        grid=grid,
        pue=_own("PUE", pue, "", year, least=1.0, remedy=PUE_REMEDY) or _published(datacentre.pue, "", datacentre),
        onsite_l_per_kwh=_own("wue_l_per_kwh", wue_l_per_kwh, "L/kWh", year)
        or _published(datacentre.wue_l_per_kwh, "L/kWh", datacentre),
        offsite_l_per_kwh=_own("water_offsite_l_per_kwh", offsite_l_per_kwh, "L/kWh", year) or offsite_water(grid),
    )


def _own(
    name: str, value: float | None, unit: str, year: int, least: float = 0.0, remedy: str = "correct it"
) -> Figure | None:
    if value is None:
        return None
    number = checked(name, value, least=least, remedy=remedy)
    return Figure(value=number, unit=unit, tag="estimated", source="given by the user, not checked", year=year)


def _published(factor: Factor | None, unit: str, datacentre: DataCentre) -> Figure | None:
    if factor is None:
        return None
    source = f"{datacentre.operator}: {factor.source}"
    return Figure(value=factor.value, unit=unit, tag="published", source=source, year=factor.year)
