"""The carbon intensity of a grid over time: a checked, regular series that says what it means."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from suite.errors import InputError

Signal = Literal["average", "marginal"]
"""Grams of all that is generated, or of what one kWh more would take. They answer different questions."""
Boundary = Literal["life_cycle", "direct", "unstated"]
"""Whether building the power plants and making their fuel counts."""
Origin = Literal["actual", "forecast", "unstated"]
STEPS_S = (1800, 3600)
YEARS = range(1880, 3000)
_DAYLIGHT_SAVING = "if the clocks were changed then, write every time with its own offset or in UTC (Z)"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slot:
    """One value as a file has it: where it stands, its time and its number, not yet checked.

    ``estimated`` is what the source says of itself; None where it says nothing.
    """

    where: str
    time: str
    g_co2e_per_kwh: object
    estimated: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class About:
    """What the values of a series are.

    Attributes:
        zone: whose grid.
        signal: average or marginal.
        boundary: direct or life-cycle emissions.
        origin: actual or forecast.
        source: the file and its kind.
        utc: the format says that times without an offset are in UTC.
        estimated: how many values the source itself estimated; None where it does not say.
    """

    zone: str
    signal: Signal
    boundary: Boundary
    origin: Origin
    source: str
    utc: bool = False
    estimated: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Intensities in slots of equal length without a gap.

    Attributes:
        about: what the values are.
        begins: the first slot's start, in UTC.
        step_s: length of a slot, in seconds.
        g_co2e_per_kwh: one value a slot, read-only, shape (slots,).
    """

    about: About
    begins: datetime
    step_s: int
    g_co2e_per_kwh: npt.NDArray[np.float64]

    @property
    def ends(self) -> datetime:
        """The end of the last slot, in UTC."""
        return self.begins + timedelta(seconds=self.step_s * len(self.g_co2e_per_kwh))

    @property
    def is_forecast(self) -> bool:
        """Whether the values were not known yet when they were written."""
        return self.about.origin == "forecast"


def series_of(slots: Sequence[Slot], about: About) -> Series:
    """A series from what a file holds.

    Raises:
        InputError: fewer than two values; a time that is none, has no offset, is out of order, repeated or missing; a
            value that is missing, negative or not finite; slots of another length than 30 or 60 minutes.
    """
    if len(slots) < 2:
        remedy = "give a file that covers the hours to choose from"
        raise InputError(f"{about.source} holds too few values", got=len(slots), remedy=remedy)
    times = [_time(slot, about) for slot in slots]
    step_s = _step_s(slots, times, about)
    values = np.array([_value(slot, about) for slot in slots])
    values.setflags(write=False)
    return Series(about=about, begins=times[0], step_s=step_s, g_co2e_per_kwh=values)


def check_comparable(one: Series, other: Series) -> None:
    """Refuses two series whose difference would mean nothing.

    Raises:
        InputError: one is average and the other marginal, or one counts direct and the other life-cycle emissions.
    """
    if one.about.signal != other.about.signal:
        raise InputError(
            "average and marginal intensities cannot be mixed",
            got={each.about.source: each.about.signal for each in (one, other)},
            remedy="give two files of one signal",
        )
    boundaries = {one.about.boundary, other.about.boundary} - {"unstated"}
    if len(boundaries) > 1:
        raise InputError(
            "direct and life-cycle intensities cannot be mixed",
            got={each.about.source: each.about.boundary for each in (one, other)},
            remedy="give two files of one kind",
        )


def offset_time(text: str, what: str) -> datetime:
    """An instant with its offset.

    Raises:
        InputError: the text is no ISO 8601 time, or has no offset.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{what} is no time", got=text, remedy="write it as 2026-01-31T09:00+01:00") from error
    if time.tzinfo is None:
        remedy = "add the offset: Z for UTC, +01:00 for local time one hour ahead of it"
        raise InputError(f"{what} has no offset from UTC", got=text, remedy=remedy)
    return time


def _time(slot: Slot, about: About) -> datetime:
    """The slot's start in UTC, to the second: some writers add the milliseconds of their own clock."""
    text = slot.time.strip()
    if about.utc and text and not text.endswith(("Z", "z")) and not _has_offset(text):
        text += "+00:00"
    what = f"{about.source}, {slot.where}: the time"
    time = offset_time(text, what)
    if time.year not in YEARS:  # the calendar's ends, from where no other zone's time can be told
        raise InputError(f"{what} is no time of a grid", got=text, remedy="correct its year")
    time = time.astimezone(UTC)
    return time.replace(microsecond=0) + timedelta(seconds=round(time.microsecond / 1e6))


def _has_offset(text: str) -> bool:
    return "+" in text or "-" in text[10:]


def _value(slot: Slot, about: About) -> float:
    found = slot.g_co2e_per_kwh
    where = f"{about.source}, {slot.where} ({slot.time.strip()})"
    if found is None or found == "":
        raise InputError(f"{where} has no value", got=found, remedy="fill the gap or cut the file there")
    try:
        value = float(found) if isinstance(found, int | float | str) else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        remedy = "correct it, in g CO2e a kWh"
        raise InputError(f"{where}: an intensity is a finite number of 0 or more", got=found, remedy=remedy)
    return value


def _step_s(slots: Sequence[Slot], times: Sequence[datetime], about: About) -> int:
    """Seconds from each slot to the next, which must all be the same."""
    steps = [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
    for index, step in enumerate(steps):
        where = f"{about.source}, {slots[index + 1].where}"
        if step == 0:
            remedy = f"drop one of the two, or, {_DAYLIGHT_SAVING}"
            raise InputError(f"{where} repeats the time before it", got=slots[index + 1].time, remedy=remedy)
        if step < 0:
            remedy = f"sort the file by time, or, {_DAYLIGHT_SAVING}"
            raise InputError(f"{where} is earlier than the one before it", got=slots[index + 1].time, remedy=remedy)
    usual = int(np.median(steps))
    if usual not in STEPS_S:
        remedy = "give values every 30 or 60 minutes"
        raise InputError(f"{about.source} has slots of another length", got=f"{usual} s", remedy=remedy)
    for index, step in enumerate(steps):
        if step != usual:
            got = f"{slots[index].time} then {slots[index + 1].time}"
            what = "leaves a gap" if step > usual else "comes too soon"
            remedy = (
                f"one value every {usual // 60} minutes is needed; fill or cut the file there, or, {_DAYLIGHT_SAVING}"
            )
            raise InputError(f"{about.source}, {slots[index + 1].where} {what}", got=got, remedy=remedy)
    return usual
