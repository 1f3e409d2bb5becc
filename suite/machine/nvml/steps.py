"""Steps of an energy counter, found in timed looks at it, and the energy between any two moments.

NVIDIA's counter is renewed at a fixed period (100 ms on an H100) and shows what was used up to then. So the energy at
a moment lies between the counter's values at the steps on either side of it. A reading takes milliseconds itself, so
when a step came is known only to lie between the start of the last look that showed the old value and the end of the
first one that showed the new. The period is constant, so a line through the steps nearby is better than each alone.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
import statistics
import threading
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.units import millijoules_to_joules

_MOST_STEPS = 32_768  # about an hour of steps of 100 ms, a few megabytes
_NEARBY = 12  # steps on each side of a moment that its time is found from
_FEWEST_TO_FIT = 6
_FINEST_S = 1e-6  # no moment is known better
_COVERAGE = 3  # a line that leaves the time in which a step was seen by so many standard uncertainties is no line

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """One reading of the counter, between two moments of ``time.perf_counter``."""

    began_s: float
    ended_s: float
    counter_mj: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the counter.

    Attributes:
        counter_mj: its value from then on.
        after_s: start of the last look that showed the value before.
        before_s: end of the first look that showed this one.
    """

    counter_mj: int
    after_s: float
    before_s: float

    @property
    def middle_s(self) -> float:
        """The middle of the time in which it came."""
        return (self.after_s + self.before_s) / 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rise:
    """Energy between two moments, in joules, with its standard uncertainty."""

    energy_j: float
    uncertainty_j: float


class StepLog:
    """The latest steps of a counter, in bounded memory. One thread may write while another reads."""

    def __init__(self, most: int = _MOST_STEPS) -> None:
        """Keeps the latest ``most`` steps."""
        self._steps: deque[Step] = deque(maxlen=most)
        self._last: Look | None = None
        self._lock = threading.Lock()

    def note(self, look: Look) -> Step | None:
        """Takes a look, later than those before.

        Returns:
            The step that lies between it and the look before, if there is one.
        """
        last, self._last = self._last, look
        if last is None or look.counter_mj == last.counter_mj:
            return None
        step = Step(counter_mj=look.counter_mj, after_s=last.began_s, before_s=look.ended_s)
        with self._lock:
            self._steps.append(step)
        return step

    def steps(self) -> list[Step]:
        """All that are kept, in order of time."""
        with self._lock:
            return list(self._steps)

    def latest(self, count: int) -> list[Step]:
        """The last ``count`` of them, in order of time."""
        with self._lock:
            return list(itertools.islice(reversed(self._steps), count))[::-1]


def step_times(steps: Sequence[Step]) -> tuple[Floats, Floats]:
    """When each step came, in seconds, and the standard uncertainty of that.

    Where a line of constant period runs through the times in which all steps were seen, it is taken: its error is the
    smaller the more steps there are. Otherwise a step came in the middle of its time, evenly likely anywhere in it.
    """
    middles_s = np.array([step.middle_s for step in steps])
    halves_s = np.array([(step.before_s - step.after_s) / 2 for step in steps])
    by_itself_s = np.maximum(halves_s, _FINEST_S) / math.sqrt(3)
    if len(steps) < _FEWEST_TO_FIT:
        return middles_s, by_itself_s
    gaps_s = np.diff(middles_s)
    periods = np.round(gaps_s / np.median(gaps_s))
    if periods.min() < 1:  # seen so late that two steps seem to lie in one period: no line tells them apart
        return middles_s, by_itself_s
    numbers = np.concatenate([[0.0], np.cumsum(periods)])
    after_first_s = middles_s - middles_s[0]
    line_s = np.polyval(np.polyfit(numbers, after_first_s, 1, w=1 / by_itself_s), numbers)
    uncertain_s = 2 / math.sqrt(np.sum(by_itself_s**-2.0))  # at an end of the line; in its middle half of that
    if np.any(np.abs(line_s - after_first_s) > halves_s + _COVERAGE * uncertain_s):
        return middles_s, by_itself_s
    return middles_s[0] + line_s, np.minimum(by_itself_s, uncertain_s)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rests:
    """Moments in which the board had no work though the load went on before and after: an instrument was read.

    Attributes:
        spans_s: beginning and end of each.
        power_w: of the board without work.
    """

    spans_s: Sequence[tuple[float, float]]
    power_w: float

    def within_s(self, from_s: float, to_s: float) -> float:
        """Seconds of rest between two moments."""
        return math.fsum(max(0.0, min(to_s, end_s) - max(from_s, start_s)) for start_s, end_s in self.spans_s)


NO_RESTS = Rests(spans_s=(), power_w=0.0)


def rise(steps: Sequence[Step], from_s: float, to_s: float, rests: Rests = NO_RESTS) -> Rise | None:
    """Energy between two moments. Between two steps the power is constant, but for rests, in which it is known.

    The uncertainty of each end is of two parts: when the steps around it came, and what the power did between them.
    If the step's power were that of the next one inside the window, the end would lie elsewhere by their difference
    times the step's time inside; any value between the two is taken as equally likely.

    Returns:
        None where there is no step before the first moment or after the second, or too few to tell.
    """
    first, last = _end(steps, from_s, rests, inside=1), _end(steps, to_s, rests, inside=-1)
    if first is None or last is None:
        return None
    return Rise(
        energy_j=millijoules_to_joules(last.counter_mj - first.counter_mj),
        uncertainty_j=millijoules_to_joules(math.hypot(first.uncertainty_mj, last.uncertainty_mj)),
    )


def well_seen(steps: Sequence[Step]) -> list[Step]:
    """The steps without the few that no look came near; between their neighbours the mean power is still known."""
    if len(steps) < 2:
        return list(steps)
    widths = [step.before_s - step.after_s for step in steps]
    gaps = [later.middle_s - earlier.middle_s for earlier, later in itertools.pairwise(steps)]
    widest_s = max(2 * statistics.median(widths), statistics.median(gaps) / 2)
    return [step for step, width_s in zip(steps, widths, strict=True) if width_s <= widest_s]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _End:
    """The counter as it would be at one end of a window if it were renewed at every moment."""

    counter_mj: float
    uncertainty_mj: float


def _end(steps: Sequence[Step], at_s: float, rests: Rests, *, inside: int) -> _End | None:
    """``inside``: 1 where the window begins at ``at_s``, -1 where it ends there."""
    place = bisect.bisect(steps, at_s, key=lambda step: step.middle_s)
    near = well_seen(steps[max(0, place - _NEARBY) : place + _NEARBY])
    if len(near) < 3:
        return None
    times_s, uncertain_s = step_times(near)
    index = int(np.searchsorted(times_s, at_s, side="right")) - 1
    if not 0 <= index < len(near) - 1:
        return None
    counts = [step.counter_mj for step in near]
    powers_mw = [_working_power_mw(times_s, counts, each, rests) for each in range(len(near) - 1)]
    neighbour = index + inside if 0 <= index + inside < len(powers_mw) else index - inside
    start_s, end_s = times_s[index], times_s[index + 1]
    known = _minor(rests, start_s, end_s)
    rest_s = known.within_s(start_s, at_s)
    share = (at_s - start_s) / (end_s - start_s)
    moved_s = math.hypot((1 - share) * uncertain_s[index], share * uncertain_s[index + 1])
    inside_s = end_s - at_s if inside > 0 else at_s - start_s
    bent_mj = inside_s * abs(powers_mw[index] - powers_mw[neighbour]) / math.sqrt(3)
    return _End(
        counter_mj=float(counts[index] + powers_mw[index] * (at_s - start_s - rest_s) + 1e3 * known.power_w * rest_s),
        uncertainty_mj=math.hypot(powers_mw[index] * moved_s, bent_mj),
    )


def _working_power_mw(times_s: Floats, counts: Sequence[int], index: int, rests: Rests) -> float:
    """Mean power between a step and the next while there was work."""
    start_s, end_s = times_s[index], times_s[index + 1]
    known = _minor(rests, start_s, end_s)
    rest_s = known.within_s(start_s, end_s)
    used_mj = counts[index + 1] - counts[index] - 1e3 * known.power_w * rest_s
    return float(used_mj / (end_s - start_s - rest_s))


def _minor(rests: Rests, start_s: float, end_s: float) -> Rests:
    """The rests, or none where they are more than half of the time: what was work then is too little to tell apart."""
    return rests if rests.within_s(start_s, end_s) <= (end_s - start_s) / 2 else NO_RESTS
