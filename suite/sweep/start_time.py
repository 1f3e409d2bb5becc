"""When a sweep starts: at once, or in the hours of the cleanest electricity (``schedule=carbon_aware``)."""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from suite.carbon.best_start import Choice, Elsewhere, Job, Saving, Spread, choose, move, savings_over_starts
from suite.carbon.intensity import Series, offset_time
from suite.carbon.intensity_files import read_series
from suite.carbon.quantity import significant
from suite.errors import InputError

SECONDS_PER_HOUR = 3600.0
_LONGEST_H = 8784.0
LONGEST_SLEEP_S = 30.0
"""The clock is read again so often: a machine that was suspended wakes to the right time."""
HOW_TO_GO_ON = "not started: the same command looks for a window again, schedule=now starts at once"


class CarbonAware(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The user's choices, each as conf/schedule/carbon_aware.yaml explains it."""

    name: Literal["carbon_aware"]
    file: str
    zone: str | None
    signal: str | None
    slack_h: float
    duration_h: float | None
    forecast_error: float | None
    elsewhere: str | None
    elsewhere_zone: str | None
    starts_at: str | None
    dry_run: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Start:
    """When the sweep may start.

    Attributes:
        at: with an offset; None for at once.
        lines: what the user should know of it.
        dry_run: nothing is to be measured.
    """

    at: datetime | None = None
    lines: tuple[str, ...] = ()
    dry_run: bool = False


def local_now() -> datetime:
    """The time, with this machine's offset."""
    return datetime.now(UTC).astimezone()


def print_over(line: str) -> None:
    """Draws ``line`` over the last one on a terminal; elsewhere nothing, which would fill a log."""
    if sys.stdout.isatty():
        print(f"\r\x1b[2K{line}", end="", flush=True)


def start_of(
    schedules: Sequence[Mapping[str, Any]], forecast_s: float, clock: Callable[[], datetime] = local_now
) -> Start:
    """When the sweep may start, by the ``schedule`` of its points.

    Args:
        schedules: one a point; they are the same, since a sweep starts once.
        forecast_s: the longest that the sweep may take; 0 where there is nothing to measure.
        clock: gives the time, with an offset.

    Raises:
        InputError: points differ in their schedule, a value is wrong, or the file is (see ``read_series``).
    """
    if any(each != schedules[0] for each in schedules):
        raise InputError("a sweep starts once", got=[dict(each) for each in schedules][:2], remedy="give one schedule=")
    if schedules[0].get("name") == "now":
        return Start()
    try:
        wanted = msgspec.convert(dict(schedules[0]), CarbonAware)
    except msgspec.ValidationError as error:
        remedy = "see the comments of conf/schedule/carbon_aware.yaml"
        raise InputError(f"schedule cannot be used ({error})", got=dict(schedules[0]), remedy=remedy) from error
    for key, hours in (("slack_h", wanted.slack_h), ("duration_h", wanted.duration_h)):
        if hours is not None and _LONGEST_H < hours < math.inf:
            raise InputError(
                f"schedule.{key} must be at most {_LONGEST_H:g} hours, a year", got=hours, remedy="give less"
            )
    if wanted.duration_h is None and forecast_s <= 0:
        return Start(lines=("schedule: there is nothing to measure, so nothing to wait for",), dry_run=wanted.dry_run)
    return _planned(wanted, forecast_s / SECONDS_PER_HOUR, clock())


def hold(
    start: Start,
    clock: Callable[[], datetime] = local_now,
    sleep: Callable[[float], None] = time.sleep,
    show: Callable[[str], None] = print_over,
) -> None:
    """Waits until the sweep may start.

    Args:
        start: when that is.
        clock: gives the time, with an offset.
        sleep: waits so many seconds.
        show: draws the line of progress over the last one.

    Raises:
        KeyboardInterrupt: the user does not want to wait; how to go on has been said.
    """
    if start.at is None or start.at <= clock():
        return
    print(f"holding until {_stamp(start.at)}; Ctrl-C leaves", flush=True)
    try:
        while (left_s := (start.at - clock()).total_seconds()) > 0:
            show(f"{_hours(left_s / SECONDS_PER_HOUR)} h left until {_stamp(start.at)}")
            sleep(min(left_s, LONGEST_SLEEP_S))
    except KeyboardInterrupt:
        show("")
        print(HOW_TO_GO_ON, flush=True)
        raise
    show("")
    print(f"starting at {_stamp(clock())}", flush=True)


def _planned(wanted: CarbonAware, forecast_h: float, now: datetime) -> Start:
    if wanted.starts_at is not None and not wanted.dry_run:
        remedy = "add schedule.dry_run=true, or leave it out"
        raise InputError("schedule.starts_at only shows what would be", got=wanted.starts_at, remedy=remedy)
    job = Job(
        starts_at=now if wanted.starts_at is None else offset_time(wanted.starts_at, "schedule.starts_at"),
        duration_h=forecast_h if wanted.duration_h is None else wanted.duration_h,
        slack_h=wanted.slack_h,
    )
    series = read_series(Path(wanted.file), zone=wanted.zone, signal=wanted.signal)
    choice = choose(series, job, wanted.forecast_error)
    over_starts = savings_over_starts(series, job.duration_h, job.slack_h)
    lines = [*_window_lines(choice, job, series), *_certainty_lines(series, wanted, over_starts)]
    if wanted.elsewhere is not None:
        there = read_series(Path(wanted.elsewhere), zone=wanted.elsewhere_zone, signal=wanted.signal)
        lines += _elsewhere_lines(move(series, there, job, wanted.forecast_error), there, wanted.elsewhere, now)
    lines.append(_data_line(series, wanted.file, now))
    return Start(at=choice.best.starts_at, lines=tuple(lines), dry_run=wanted.dry_run)


def _window_lines(choice: Choice, job: Job, series: Series) -> list[str]:
    ends_at = choice.best.starts_at + timedelta(minutes=math.ceil(60 * job.duration_h))  # shown to the minute
    best, now, worst = (significant(each.mean_g_co2e_per_kwh) for each in (choice.best, choice.now, choice.worst))
    return [
        f"schedule: a window of {_hours(job.duration_h)} h, to start within {_hours(job.slack_h)} h of "
        f"{_stamp(job.starts_at)}, in {series.about.zone}",
        f"  best window    {_stamp(choice.best.starts_at)} to {_stamp(ends_at)}, {best} g CO2e/kWh",
        f"  starting now   {now} g CO2e/kWh; the worst window {worst} g CO2e/kWh, at {_stamp(choice.worst.starts_at)}",
        f"  saving         {_share(choice.saving)} of the carbon against now, "
        f"{_share(choice.saving_against_worst)} against the worst; the energy stays the same",
    ]


def _certainty_lines(series: Series, wanted: CarbonAware, over_starts: Spread | None) -> list[str]:
    if wanted.forecast_error is not None:
        error = f"{100 * wanted.forecast_error:g}"
        bound = f"[intervals] hold if every value lies within {error} % of the file's, in the worst combination"
    elif series.is_forecast:
        bound = "no interval: the file is a forecast that states no error; give schedule.forecast_error"
    else:
        bound = "no interval: an upper bound, as if the hours to come were known; give schedule.forecast_error"
    lines = [f"  certainty      {bound}"]
    if over_starts is not None and over_starts.starts > 1:
        low, median, high = (f"{100 * each:.1f}" for each in (over_starts.low, over_starts.median, over_starts.high))
        lines.append(
            f"  usual          {100 * over_starts.mean:.1f} % on average over all {over_starts.starts} starts in the "
            f"file, median {median} %, from {low} to {high} % in nine of ten; with perfect foresight, an upper bound"
        )
    return lines


def _elsewhere_lines(found: Elsewhere, there: Series, file: str, now: datetime) -> list[str]:
    at_once = significant(found.choice.now.mean_g_co2e_per_kwh)
    best = f"{significant(found.choice.best.mean_g_co2e_per_kwh)} g CO2e/kWh at {_stamp(found.choice.best.starts_at)}"
    return [
        f"  elsewhere      {there.about.zone}: {at_once} g CO2e/kWh at once, saving {_share(found.moved)}; "
        f"best {best}, saving {_share(found.moved_and_waited)}",
        _data_line(there, file, now),
    ]


def _data_line(series: Series, file: str, now: datetime) -> str:
    """Source and age of the data."""
    about, zone = series.about, now.tzinfo
    written = datetime.fromtimestamp(Path(file).stat().st_mtime, UTC)
    age_h = max(0.0, (now - written).total_seconds()) / SECONDS_PER_HOUR
    words = [
        about.signal,
        about.boundary.replace("_", " ").replace("unstated", ""),
        about.origin.replace("unstated", ""),
    ]
    estimated = f", {about.estimated} of {len(series.g_co2e_per_kwh)} values estimated by it" if about.estimated else ""
    return (
        f"  data           published: {about.source}, {about.zone}, {' '.join(word for word in words if word)}, every "
        f"{series.step_s // 60} min from {_stamp(series.begins.astimezone(zone))} to "
        f"{_stamp(series.ends.astimezone(zone))}{estimated}; file written {age_h:.1f} h ago"
    )


def _share(saving: Saving | None) -> str:
    if saving is None:
        return "no carbon"
    interval = (
        "" if saving.low is None or saving.high is None else f" [{100 * saving.low:.1f}, {100 * saving.high:.1f}]"
    )
    return f"{100 * saving.share:.1f} %{interval}"


def _hours(hours: float) -> str:
    minutes = math.ceil(hours * 60 - 1e-9)
    return f"{minutes // 60}:{minutes % 60:02}"


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
