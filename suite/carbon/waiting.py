"""What waiting for cleaner electricity saves: in a file of intensities, or as it was over a year in a few countries."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import msgspec

from suite.carbon.best_start import Job, choose
from suite.carbon.intensity import Signal
from suite.carbon.intensity_files import read_series
from suite.carbon.tables import read_table
from suite.errors import InputError, NotApplicable

TABLE = "waiting_savings.csv"


class YearOfWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: mean saving over all starts of a year.

    Attributes:
        zone: whose grid.
        job_h: how long the job runs.
        slack_h: how long its start may wait.
        mean_g_co2e_per_kwh: of the year.
        mean_saving_percent: of the carbon, against starting at once, with perfect foresight.
        p90_saving_percent: what one start in ten saves at least.
        year: of the intensities.
        source: where they come from.
        doubt: what stands against the figure.
    """

    zone: str
    job_h: float
    slack_h: float
    mean_g_co2e_per_kwh: float
    mean_saving_percent: float
    p90_saving_percent: float
    year: int
    source: str
    doubt: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waiting:
    """Carbon intensity of the chosen hours relative to that of starting at once.

    Attributes:
        relative_intensity: 0.8 where the chosen hours have a fifth less.
        low: the least that the stated error of the forecast allows; None where none was stated.
        high: the most, likewise.
        zone: whose grid.
        basis: ``published`` where it is a year's mean, ``modelled`` where it is read from a file of hours.
        source: of the intensities.
    """

    relative_intensity: float
    low: float | None
    high: float | None
    zone: str
    basis: str
    source: str


def over_a_year(zone: str, *, job_h: float, slack_h: float) -> Waiting:
    """The mean over a year in one of the countries of the table.

    Raises:
        InputError: the table has no such row.
    """
    rows = read_table(TABLE, YearOfWaiting)
    known = sorted({row.zone for row in rows})
    if zone not in known:
        remedy = f"choose {', '.join(known)}, or give a file of intensities as carbon_aware.path"
        raise InputError("no year of waiting is known for that zone", got=zone, remedy=remedy)
    of_zone = {(row.job_h, row.slack_h): row for row in rows if row.zone == zone}
    row = of_zone.get((job_h, slack_h))
    if row is None:
        there = "job_h of {} and slack_h of {}".format(
            *(", ".join(f"{hours:g}" for hours in sorted({pair[at] for pair in of_zone})) for at in (0, 1))
        )
        remedy = f"choose a {there}, or give a file of intensities as carbon_aware.path"
        raise InputError("no year of waiting is known for such a job", got=(job_h, slack_h), remedy=remedy)
    return Waiting(
        relative_intensity=1 - row.mean_saving_percent / 100,
        low=None,
        high=None,
        zone=row.zone,
        basis="published",
        source=f"{row.year}, {row.source}; {row.doubt}",
    )


def in_file(
    path: Path,
    job: Job,
    *,
    zone: str | None,
    signal: Signal | None,
    forecast_error: float | None,
) -> Waiting:
    """The best window of a file of intensities for one job.

    Raises:
        InputError: the file, or what it covers, is wrong (see ``read_series`` and ``choose``).
        NotApplicable: no later start has cleaner electricity.
    """
    series = read_series(path, zone=zone, signal=signal)
    saving = choose(series, job, forecast_error).saving
    if saving is None or saving.share <= 0:
        latest = datetime.isoformat(job.starts_at, timespec="minutes")
        raise NotApplicable(f"no start within {job.slack_h:g} h of {latest} has cleaner electricity than that one")
    return Waiting(
        relative_intensity=1 - saving.share,
        low=None if saving.high is None else 1 - saving.high,
        high=None if saving.low is None else 1 - saving.low,
        zone=series.about.zone,
        basis="modelled",
        source=f"{series.about.source}, {series.about.signal}",
    )
