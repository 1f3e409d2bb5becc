"""What boards' energy counters are like: how often each steps, and whether it shows energy late.

A step of load is put on the boards: some work, a rest, and work again. Where the counter's slope rises in the step in
which the load began, the counter has no lag, and the energy at any moment can be interpolated between its steps. Where
it rises later, the counter shows what was used so long before.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from suite.io.atomic import write_whole
from suite.machine.nvml.background import Background
from suite.machine.nvml.step_watch import StepWatch
from suite.machine.nvml.steps import Floats, step_times, well_seen
from suite.units import millijoules_to_joules

_FEWEST_STEPS = 5
_BEFORE_STEPS = 4  # of work ahead of the rest
_REST_STEPS = 3  # of one power, once it has fallen
_LOAD_STEPS, _AFTER_RISE = 8, 4
_FIRST_S, _REST_S, _LOAD_S = 1.0, 1.5, 2.5  # at most
_FALLEN = 0.1  # share of its power that a board must lose in a rest, or gain with the load, to tell one from the other
_PAUSE_S = 0.02


@dataclasses.dataclass(frozen=True, kw_only=True)
class Counter:
    """What a board's energy counter is like.

    Attributes:
        period_s: time between two steps.
        lag_s: it shows what was used up to so long before a step; about 0 within a third of a step for a counter
            without lag. None where the load was too small to tell.
        rest_w: power of the board without work, with the work's data on it; None where ``lag_s`` is.
    """

    period_s: float
    lag_s: float | None
    rest_w: float | None

    @property
    def is_prompt(self) -> bool:
        """Whether it is known to show, at each step, what was used up to then."""
        return self.lag_s is not None and self.lag_s <= self.period_s / 2


def probe_counters(
    watches: Sequence[StepWatch], work: Callable[[], None], background: Background
) -> tuple[Counter, ...]:
    """Puts a step of load on the boards, for one and a half seconds where the counters are prompt, five at most.

    Args:
        watches: of the boards in use, looking.
        work: some of what the windows will hold, synchronised: done again and again.
        background: gives the rest.

    Returns:
        What each board's is like; nothing where fewer than five steps of one of them were seen.
    """

    def all_seen(is_seen: Callable[[StepWatch], bool]) -> Callable[[], bool]:
        return lambda: all(map(is_seen, watches))

    first_s = time.perf_counter()
    _do(work, all_seen(lambda watch: _steps_since(watch, first_s) >= _BEFORE_STEPS), _FIRST_S)
    rest_s = time.perf_counter()
    _do(lambda: background.sleep(_PAUSE_S), all_seen(lambda watch: _has_fallen(watch, first_s, rest_s)), _REST_S)
    load_s = time.perf_counter()
    _do(work, all_seen(lambda watch: _has_risen(watch, rest_s, load_s)), _LOAD_S)
    found = [_counter(watch, first_s, rest_s, load_s) for watch in watches]
    known = tuple(counter for counter in found if counter is not None)
    return known if len(known) == len(watches) else ()


def _counter(watch: StepWatch, first_s: float, rest_s: float, load_s: float) -> Counter | None:
    """None where fewer than five steps were seen."""
    times_s = _curve(watch, first_s)[0]
    if len(times_s) < _FEWEST_STEPS:
        return None
    onset = onset_of_load(*_curve(watch, rest_s), load_s)
    return Counter(
        period_s=float(np.median(np.diff(times_s))),
        lag_s=onset.lag_s if onset else None,
        rest_w=onset.rest_w if onset else None,
    )


def kept_counter(file: Path | None) -> Counter | None:
    """What ``keep_counter`` wrote; None where it wrote nothing that can be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Counter) if file else None
    except (OSError, msgspec.DecodeError):
        return None


def keep_counter(counter: Counter, file: Path | None) -> None:
    """Writes what a probe found, for the other points of the run, unless a larger load has yet to tell the lag."""
    if file and counter.lag_s is not None:
        write_whole(file, msgspec.json.encode(counter))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Onset:
    """A load's beginning as a counter showed it: how late, and the power before."""

    lag_s: float
    rest_w: float


def onset_of_load(times_s: Floats, energies_j: Floats, load_s: float) -> Onset | None:
    """How long after a load began a counter's slope rose.

    Args:
        times_s: moments of steps, from the rest before the load on.
        energies_j: the counter at each of them.
        load_s: the moment at which the load began.

    Returns:
        Its lag is the time from ``load_s`` to the moment at which a jump from the power at rest to the power under load
        would have given the energy counted: below 0 where the load's power is highest at first. None where the power
        does not rise by a tenth.
    """
    found = _rise(times_s, energies_j, load_s)
    if found is None:
        return None
    risen, rest_w, load_w = found
    since = int(np.searchsorted(times_s, load_s, side="right")) - 1
    above_rest_j = energies_j[risen + 1] - energies_j[since] - rest_w * (times_s[risen + 1] - times_s[since])
    return Onset(lag_s=float(times_s[risen + 1] - above_rest_j / (load_w - rest_w) - load_s), rest_w=rest_w)


def _rise(times_s: Floats, energies_j: Floats, load_s: float) -> tuple[int, float, float] | None:
    """The first interval between steps whose power is nearer to the load's than to the rest's, and both powers.

    None where there is none with enough steps after it.
    """
    powers_w = np.diff(energies_j) / np.diff(times_s)
    before, after = powers_w[times_s[1:] <= load_s], np.flatnonzero(times_s[1:] > load_s)
    if not len(before) or not len(after):
        return None
    rest_w = float(np.median(before[-_REST_STEPS:]))
    risen = after[powers_w[after] > (rest_w + powers_w[after].max()) / 2]
    under_load = powers_w[risen[0] + 1 :] if len(risen) else powers_w[:0]
    if len(under_load) < _AFTER_RISE or np.median(under_load) < (1 + _FALLEN) * rest_w:
        return None
    return int(risen[0]), rest_w, float(np.median(under_load))


def _do(action: Callable[[], None], is_enough: Callable[[], bool], at_most_s: float) -> None:
    began_s = time.perf_counter()
    while not is_enough() and time.perf_counter() - began_s < at_most_s:
        action()


def _curve(watch: StepWatch, from_s: float) -> tuple[Floats, Floats]:
    """Moments of the steps since ``from_s``, and the counter at each in joules, from 0 on."""
    steps = well_seen([step for step in watch.steps() if step.after_s >= from_s])
    if not steps:
        return np.empty(0), np.empty(0)
    energies_j = [millijoules_to_joules(step.counter_mj - steps[0].counter_mj) for step in steps]
    return step_times(steps)[0], np.array(energies_j)


def _steps_since(watch: StepWatch, from_s: float) -> int:
    return sum(step.after_s >= from_s for step in watch.steps())


def _has_fallen(watch: StepWatch, first_s: float, rest_s: float) -> bool:
    """Whether the last steps are of one power, below that of the work before: the counter has seen the rest."""
    times_s, energies_j = _curve(watch, first_s)
    if np.sum(times_s > rest_s) <= _REST_STEPS:
        return False
    powers_w = np.diff(energies_j) / np.diff(times_s)
    last_w = powers_w[-_REST_STEPS:]
    return bool(last_w.max() < (1 + _FALLEN) * last_w.min() and last_w.max() < (1 - _FALLEN) * powers_w.max())


def _has_risen(watch: StepWatch, rest_s: float, load_s: float) -> bool:
    times_s, energies_j = _curve(watch, rest_s)
    return bool(np.sum(times_s > load_s) >= _LOAD_STEPS and _rise(times_s, energies_j, load_s) is not None)
