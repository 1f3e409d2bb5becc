"""The best time, and place, to run a job: the window of least mean carbon intensity, and what it saves.

The energy stays the same; its carbon is the window's mean intensity times that energy, so a saving is a ratio of means.
Between two steps of the series a window's mean changes linearly with its start. The best and the worst start are
therefore where the window begins or ends on a step, or at the ends of the slack: all of these are tried.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from suite.carbon.intensity import Series, check_comparable
from suite.carbon.quantity import checked
from suite.errors import InputError

SECONDS_PER_HOUR = 3600.0
QUANTILES = (0.05, 0.5, 0.95)
_EQUAL_G_PER_KWH = 1e-9
"""Windows that differ by less than rounding are equal; the earliest is taken."""

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be run.

    Attributes:
        starts_at: the earliest start, with an offset.
        duration_h: how long it runs, without a pause.
        slack_h: how long the start may wait.
    """

    starts_at: datetime
    duration_h: float
    slack_h: float = 0.0

    def __post_init__(self) -> None:
        checked("the job's length, in hours,", self.duration_h, above=True)
        checked("the slack, in hours,", self.slack_h)
        if self.starts_at.tzinfo is None:
            raise InputError("the start has no offset from UTC", got=str(self.starts_at), remedy="add one, or Z")

    @property
    def deadline(self) -> datetime:
        """When it ends at the latest."""
        return self.starts_at + timedelta(hours=self.slack_h + self.duration_h)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Window:
    """A start (in the job's own offset) and the mean intensity from it to the job's end."""

    starts_at: datetime
    mean_g_co2e_per_kwh: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Saving:
    """A share of the carbon, below 0 where it is a loss.

    Attributes:
        share: by the values of the series.
        low: the least, where every slot is off by at most the stated error, in the worst combination; None where no
            error was stated.
        high: the most, likewise.
    """

    share: float
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """When to run.

    Attributes:
        now: starting at once.
        best: the window of least intensity; the earliest of equals.
        worst: that of most.
        saving: best against now; None where there is no carbon to save.
        saving_against_worst: likewise.
    """

    now: Window
    best: Window
    worst: Window
    saving: Saving | None
    saving_against_worst: Saving | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """What moving the job saves, against starting at once here: at once there, and in the best window there."""

    choice: Choice
    moved: Saving | None
    moved_and_waited: Saving | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread:
    """Savings against starting at once, over every start that the series has room for: mean and quantiles."""

    starts: int
    mean: float
    low: float
    median: float
    high: float


def choose(series: Series, job: Job, forecast_error: float | None = None) -> Choice:
    """The best window for a job.

    Args:
        series: intensities, from the job's start to its deadline at least.
        job: what is to be run.
        forecast_error: the largest relative error of a slot, from 0 to below 1; None where nobody states one.

    Raises:
        InputError: the series does not cover the job, or the error is out of range.
    """
    _check_error(forecast_error)
    start_s = _position_s(series, job)
    length_s, slack_s = job.duration_h * SECONDS_PER_HOUR, job.slack_h * SECONDS_PER_HOUR
    offsets_s = _turning_points_s(start_s, length_s, slack_s, series.step_s)
    means = _means(series, start_s + offsets_s, length_s)
    best = int(np.flatnonzero(means <= means.min() + _EQUAL_G_PER_KWH)[0])
    worst = int(np.argmax(means))

    def window(index: int) -> Window:
        starts_at = job.starts_at + timedelta(seconds=float(offsets_s[index]))
        return Window(starts_at=starts_at, mean_g_co2e_per_kwh=float(means[index]))

    covers = {index: _hours(series, start_s + float(offsets_s[index]), length_s) for index in (0, best, worst)}
    grams = series.g_co2e_per_kwh
    return Choice(
        now=window(0),
        best=window(best),
        worst=window(worst),
        saving=_saving(covers[0], covers[best], grams, forecast_error),
        saving_against_worst=_saving(covers[worst], covers[best], grams, forecast_error),
    )


def move(here: Series, there: Series, job: Job, forecast_error: float | None = None) -> Elsewhere:
    """What another region saves: the job's energy is taken to be the same there.

    Raises:
        InputError: the two mix signals or boundaries, do not both cover the job, or the error is out of range.
    """
    check_comparable(here, there)
    _check_error(forecast_error)
    choice = choose(there, job, forecast_error)
    now = choose(here, dataclasses.replace(job, slack_h=0.0)).now.mean_g_co2e_per_kwh

    def saving(mean: float) -> Saving | None:
        return _bounded(0.0, now, mean, forecast_error)

    moved, waited = saving(choice.now.mean_g_co2e_per_kwh), saving(choice.best.mean_g_co2e_per_kwh)
    return Elsewhere(choice=choice, moved=moved, moved_and_waited=waited)


def savings_over_starts(
    series: Series, duration_h: float, slack_h: float, decided_on: Series | None = None
) -> Spread | None:
    """What waiting would have saved, starting from every slot of a series in turn.

    Args:
        series: what came to pass; a year of it makes the figures those of a year.
        duration_h: of the job.
        slack_h: how long the start may wait.
        decided_on: the forecast, of the same slots, by which each start is chosen; None for perfect foresight, which
            is an upper bound.

    Returns:
        None where the series has room for no start, or none has carbon to save.

    Raises:
        InputError: a number out of range, or a forecast of other slots or another signal.
    """
    job = Job(starts_at=series.begins, duration_h=duration_h, slack_h=slack_h)
    seen = series if decided_on is None else decided_on
    check_comparable(series, seen)
    if (seen.begins, seen.step_s, len(seen.g_co2e_per_kwh)) != (
        series.begins, series.step_s, len(series.g_co2e_per_kwh),
    ):  # fmt: skip
        remedy = "give both for the same hours"
        raise InputError("forecast and actual intensities have other slots", got=str(seen.begins), remedy=remedy)
    length_s, slack_s = job.duration_h * SECONDS_PER_HOUR, job.slack_h * SECONDS_PER_HOUR
    last_s = (series.ends - job.deadline).total_seconds()
    if last_s < 0:
        return None
    starts_s = np.arange(0.0, last_s + 1, series.step_s)
    least, wait_s = _means(seen, starts_s, length_s), np.zeros_like(starts_s)
    for offset_s in _turning_points_s(0.0, length_s, slack_s, series.step_s)[1:]:
        means = _means(seen, starts_s + offset_s, length_s)
        better = means < least - _EQUAL_G_PER_KWH
        least, wait_s = np.where(better, means, least), np.where(better, offset_s, wait_s)
    now, chosen = _means(series, starts_s, length_s), _means(series, starts_s + wait_s, length_s)
    shares = 1 - chosen[now > 0] / now[now > 0]
    if not len(shares):
        return None
    low, median, high = np.quantile(shares, QUANTILES)
    return Spread(starts=len(shares), mean=float(shares.mean()), low=float(low), median=float(median), high=float(high))


def _check_error(forecast_error: float | None) -> None:
    if forecast_error is not None and checked("forecast_error", forecast_error) >= 1:
        remedy = "give a share below 1, such as 0.1 for 10 %"
        raise InputError("forecast_error is the largest relative error of a value", got=forecast_error, remedy=remedy)


def _position_s(series: Series, job: Job) -> float:
    """Seconds from the series' begin to the job's earliest start."""
    if job.starts_at < series.begins or job.deadline > series.ends:
        zone = job.starts_at.tzinfo
        covered = f"{_stamp(series.begins.astimezone(zone))} to {_stamp(series.ends.astimezone(zone))}"
        raise InputError(
            f"{series.about.source} covers {covered}, not the whole of the job's time",
            got=f"{_stamp(job.starts_at)} to {_stamp(job.deadline)}",
            remedy="give a file that does, or less slack",
        )
    return (job.starts_at - series.begins).total_seconds()


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="minutes")


def _turning_points_s(start_s: float, length_s: float, slack_s: float, step_s: int) -> Floats:
    """Waits, in order and from 0, at which a window begins or ends on a step, and both ends of the slack."""
    steps = np.arange(0, (start_s + length_s + slack_s) // step_s + 1) * step_s
    waits = np.concatenate([steps - start_s, steps - length_s - start_s])
    return np.unique(np.concatenate([[0.0, slack_s], waits[(waits > 0) & (waits < slack_s)]]))


def _means(series: Series, starts_s: Floats, length_s: float) -> Floats:
    """Mean intensity of the windows that begin ``starts_s`` after the series does."""
    edges_s = np.arange(len(series.g_co2e_per_kwh) + 1) * float(series.step_s)
    total = np.concatenate([[0.0], np.cumsum(series.g_co2e_per_kwh) * series.step_s])
    summed: Floats = np.interp(starts_s + length_s, edges_s, total) - np.interp(starts_s, edges_s, total)
    return np.maximum(summed, 0.0) / length_s


def _hours(series: Series, start_s: float, length_s: float) -> Floats:
    """Hours that a window spends in each slot."""
    begins_s = np.arange(len(series.g_co2e_per_kwh)) * float(series.step_s)
    overlap_s = np.minimum(start_s + length_s, begins_s + series.step_s) - np.maximum(start_s, begins_s)
    hours: Floats = np.maximum(overlap_s, 0.0) / SECONDS_PER_HOUR
    return hours


def _saving(reference_h: Floats, chosen_h: Floats, grams: Floats, error: float | None) -> Saving | None:
    """Saving of one window against another of the same series: what both share is off by the same amount."""
    shared_h = np.minimum(reference_h, chosen_h)
    shared, reference, chosen = (
        float(hours @ grams) for hours in (shared_h, reference_h - shared_h, chosen_h - shared_h)
    )
    return _bounded(shared, reference, chosen, error)


def _bounded(shared: float, reference: float, chosen: float, error: float | None) -> Saving | None:
    """``1 - (shared + chosen) / (shared + reference)`` with the ends that errors of each part can bring about.

    The ratio is monotone in each part, so its ends lie where every part is off by the whole error.
    """
    if shared + reference <= 0:
        return None
    share = 1 - (shared + chosen) / (shared + reference)
    if error is None:
        return Saving(share=share, low=None, high=None)
    down, up = 1 - error, 1 + error
    low = min(1 - (shared * off + chosen * up) / (shared * off + reference * down) for off in (down, up))
    high = max(1 - (shared * off + chosen * down) / (shared * off + reference * up) for off in (down, up))
    return Saving(share=share, low=low, high=high)
