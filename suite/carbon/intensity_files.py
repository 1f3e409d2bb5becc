"""Files of carbon intensities over time, told apart by what they hold, read into one kind of series.

Formats: a plain csv (``time,g_co2e_per_kwh`` and, if wanted, ``zone`` and ``signal``); the hourly csv of Electricity
Maps (electricitymaps.com, both generations of its column names); the json of the UK's Carbon Intensity API
(carbonintensity.org.uk); the json of the Green Software Foundation's Carbon Aware SDK.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from suite.carbon.intensity import About, Boundary, Origin, Series, Signal, Slot, series_of
from suite.errors import InputError

MOST_BYTES = 32_000_000
"""Ten years of hours take about ten megabytes in the widest of these formats."""
SIGNALS: tuple[Signal, ...] = ("average", "marginal")
_KNOWN = "give json as the UK's Carbon Intensity API or the Carbon Aware SDK writes it"
_UTC_TIME = "datetime (utc)"
_ZONE_ID = "zone id"
_ESTIMATED = "data estimated"
_INTENSITY = "carbon intensity gco2eq/kwh"
_BOUNDARIES: dict[str, Boundary] = {"life cycle": "life_cycle", "lca": "life_cycle", "direct": "direct"}


class _Row(NamedTuple):
    """A slot with the zone and signal that it is of, where the file says."""

    zone: str | None
    signal: str | None
    slot: Slot


class _Read(NamedTuple):
    """What a format's reader found."""

    rows: list[_Row]
    kind: str
    boundary: Boundary
    origin: Origin
    utc: bool = False


class _UkIntensity(msgspec.Struct):
    forecast: float | None = None
    actual: float | None = None


class _UkSlot(msgspec.Struct):
    start: str = msgspec.field(name="from")
    intensity: _UkIntensity


class _SdkSlot(msgspec.Struct):
    location: str = msgspec.field(name="Location")
    time: str = msgspec.field(name="Time")
    rating: float | str = msgspec.field(name="Rating")


class _Object(msgspec.Struct):
    data: list[_UkSlot] | None = None
    emissions: list[_SdkSlot] | None = msgspec.field(default=None, name="Emissions")


def read_series(path: Path, *, zone: str | None = None, signal: str | None = None) -> Series:
    """The intensities that a file holds.

    Args:
        path: of the file; its format is told from its content.
        zone: which zone, where the file holds several.
        signal: average or marginal, where the file does not say. The hourly csv of Electricity Maps and the UK's API
            are average.

    Raises:
        InputError: no such file, too large a one, an unknown format, several zones or signals of which none was
            chosen, or an invalid value (see ``series_of``).
    """
    if signal is not None and signal not in SIGNALS:
        raise InputError("signal must be average or marginal", got=signal, remedy="choose one")
    content = _content(path)
    read = (_json if content.lstrip()[:1] in ("{", "[") else _csv)(content, path.name)
    source = f"{path.name} ({read.kind})"
    kept = _of_zone(read.rows, zone, source)
    about = About(
        zone=kept[0].zone or zone or path.stem,
        signal=_signal([row.signal for row in kept], signal, source),
        boundary=read.boundary,
        origin=read.origin,
        source=source,
        utc=read.utc,
        estimated=_estimated([row.slot.estimated for row in kept]),
    )
    return series_of([row.slot for row in kept], about)


def _estimated(found: Sequence[bool | None]) -> int | None:
    return None if None in found else sum(each is True for each in found)


def _content(path: Path) -> str:
    if not path.is_file():
        raise InputError("there is no such intensity file", got=str(path), remedy="name a csv or json file")
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            "the intensity file cannot be read", got=str(path), remedy=f"name another ({error})"
        ) from error
    if len(content) > MOST_BYTES:
        remedy = f"give one of {MOST_BYTES / 1e6:.0f} MB or less, cut to the hours that matter"
        raise InputError("the intensity file is too large", got=str(path), remedy=remedy)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the intensity file is no UTF-8 text", got=str(path), remedy="save it as UTF-8") from error


def _of_zone(rows: Sequence[_Row], zone: str | None, source: str) -> list[_Row]:
    zones = sorted({row.zone for row in rows if row.zone is not None})
    if zone is None and len(zones) > 1:
        remedy = f"choose one with zone=, of {_shown(zones)}"
        raise InputError(f"{source} holds several zones", got=len(zones), remedy=remedy)
    if zone is not None and zones and zone not in zones:
        raise InputError(f"{source} has no such zone", got=zone, remedy=f"choose one of {_shown(zones)}")
    kept = [row for row in rows if zone is None or not zones or row.zone == zone]
    if not kept:
        raise InputError(f"{source} holds no values", got=0, remedy="give a file that covers the hours to choose from")
    return kept


def _shown(zones: Sequence[str]) -> str:
    """The first zones in one line, whatever their names hold."""
    return ", ".join(" ".join(zone.split()) for zone in zones[:10])


def _signal(found: Sequence[str | None], wanted: str | None, source: str) -> Signal:
    """The one signal of all values."""
    stated = {None if each is None else each.strip().lower() for each in found}
    named = sorted(each for each in stated if each)
    if len(stated) > 1:
        remedy = "keep the rows of one signal, and name it in each"
        raise InputError(f"{source} mixes average and marginal, or leaves some unnamed", got=named, remedy=remedy)
    if named and wanted and named[0] != wanted:
        raise InputError(f"{source} says that it is {named[0]}", got=f"signal={wanted}", remedy="leave signal= out")
    for signal in SIGNALS:
        if signal == (named[0] if named else wanted):
            return signal
    remedy = "say which it is with schedule.signal=average or schedule.signal=marginal"
    raise InputError(f"{source} does not say whether it is average or marginal", got=named or None, remedy=remedy)


def _csv(content: str, name: str) -> _Read:
    try:
        reader = csv.reader(io.StringIO(content, newline=""), strict=True)
        header = [_plain(cell) for cell in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise InputError("the intensity file is no csv", got=f"{name}: {error}", remedy="correct it") from error
    for number, row in rows:
        if len(row) != len(header):
            remedy = f"give one for each of the {len(header)} columns"
            raise InputError(f"{name}, line {number} has too few or too many cells", got=len(row), remedy=remedy)
    if _UTC_TIME in header:
        return _electricity_maps(header, rows, name)
    if not {"time", "g_co2e_per_kwh"} <= set(header):
        remedy = "name the columns time,g_co2e_per_kwh, or give a file as Electricity Maps writes it"
        raise InputError(f"{name} has none of the known columns", got=header[:12], remedy=remedy)

    def cell(row: list[str], column: str) -> str | None:
        return row[header.index(column)] or None if column in header else None

    found = [
        _Row(
            cell(row, "zone"),
            cell(row, "signal"),
            Slot(where=f"line {number}", time=cell(row, "time") or "", g_co2e_per_kwh=cell(row, "g_co2e_per_kwh")),
        )
        for number, row in rows
    ]
    return _Read(found, "plain csv", "unstated", "unstated")


def _electricity_maps(header: list[str], rows: list[tuple[int, list[str]]], name: str) -> _Read:
    """Life-cycle values where there are any, else direct ones: national tables count life cycles too."""
    columns = {f"{_INTENSITY} ({words})": boundary for words, boundary in _BOUNDARIES.items()}
    column = next((each for each in columns if each in header), None)
    if column is None:
        remedy = "give its csv of hourly carbon intensity"
        raise InputError(f"{name} has no carbon intensity of Electricity Maps", got=header[:12], remedy=remedy)
    found = [
        _Row(
            row[header.index(_ZONE_ID)] if _ZONE_ID in header else None,
            "average",
            Slot(
                where=f"line {number}",
                time=row[header.index(_UTC_TIME)],
                g_co2e_per_kwh=row[header.index(column)],
                estimated=row[header.index(_ESTIMATED)].casefold() == "true" if _ESTIMATED in header else None,
            ),
        )
        for number, row in rows
    ]
    return _Read(found, "Electricity Maps", columns[column], "actual", utc=True)


def _plain(cell: str) -> str:
    """A column's name without the subscript of CO₂, in lower case."""
    return unicodedata.normalize("NFKC", cell).strip().casefold()


def _json(content: str, name: str) -> _Read:
    try:
        if content.lstrip().startswith("["):
            return _sdk(msgspec.json.decode(content, type=list[_SdkSlot]))
        found = msgspec.json.decode(content, type=_Object)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError("the intensity file cannot be understood", got=f"{name}: {error}", remedy=_KNOWN) from error
    if found.data is not None:
        return _uk(found.data)
    if found.emissions is not None:
        return _sdk(found.emissions)
    raise InputError("the intensity file has neither data nor Emissions", got=name, remedy=_KNOWN)


def _uk(found: list[_UkSlot]) -> _Read:
    """What came to pass where all of it is known, else the forecast: the two are not mixed."""
    known = all(each.intensity.actual is not None for each in found)
    rows = [
        _Row(
            "GB",
            "average",
            Slot(
                where=f"data[{index}]",
                time=each.start,
                g_co2e_per_kwh=each.intensity.actual if known else each.intensity.forecast,
            ),
        )
        for index, each in enumerate(found)
    ]
    return _Read(rows, "UK Carbon Intensity API", "direct", "actual" if known else "forecast")


def _sdk(found: list[_SdkSlot]) -> _Read:
    rows = [
        _Row(each.location, None, Slot(where=f"entry {index}", time=each.time, g_co2e_per_kwh=each.rating))
        for index, each in enumerate(found)
    ]
    return _Read(rows, "Carbon Aware SDK", "unstated", "unstated")
