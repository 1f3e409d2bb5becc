"""Watching a board's energy counter step by step, for as long as windows of work are measured on it."""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from suite.machine.nvml.background import Background
from suite.machine.nvml.board import Board, State
from suite.machine.nvml.sampler import Poll, Watched, summarise
from suite.machine.nvml.steps import NO_RESTS, Look, Rests, Rise, Step, StepLog, rise, well_seen

_SEARCH_S = 0.0005  # between two looks while a step is due
_FIRST_EARLY_S, _EARLY_S = 0.005, 0.001  # a look ends so much sooner than a step is expected, at first and later
_FEWEST_STEPS = 4  # after so many the next one is expected
_RECENT = 16  # steps that the period is found from
_PULL = 0.25  # share by which the expected moment follows the one that was seen, which errs by half a look
_OVERDUE_PERIODS = 3  # a counter that stands still is not looked at in haste for longer
_FASTEST_S = 0.01  # a counter that steps more often than this is as good as continuous
_LOOKS_A_STATE = 10  # clocks and temperature move slowly
_MOST_POLLS = 131_072
_MOST_RESTS = 64  # the latest are asked for


class StepWatch:
    """Notes when the counter steps, and reads the board's power at the same looks.

    A look takes milliseconds of a core, so the watch sleeps until shortly before the next step is expected and then
    looks without a pause until it comes. Where the first look comes too late, the next ones begin earlier.

    Attributes:
        rest_w: power of the board without work; None where it is not known.
    """

    def __init__(self, board: Board, background: Background) -> None:
        """Begins to look."""
        self._board, self._background = board, background
        self._log, self._lock = StepLog(), threading.Lock()
        self._polls: deque[Poll] = deque(maxlen=_MOST_POLLS)
        self._states: deque[tuple[float, State]] = deque(maxlen=_MOST_POLLS)
        self._early_s, self._look_s, self._expected_s = _FIRST_EARLY_S, 0.0, -math.inf
        self._looks, self._looks_since_step, self._is_continuous = 0, 0, False
        self._rests_s: deque[tuple[float, float]] = deque(maxlen=_MOST_RESTS)
        self.rest_w: float | None = None
        self._cpu_s, self._began_s = 0.0, time.perf_counter()
        self._resumed_s = self._began_s
        self._stop: Callable[[], None] | None = None
        self.resume()

    @property
    def period_s(self) -> float | None:
        """The median time between two steps; None before there are enough."""
        steps = self._log.latest(_RECENT)
        if len(steps) < _FEWEST_STEPS:
            return None
        return statistics.median(later.middle_s - earlier.middle_s for earlier, later in itertools.pairwise(steps))

    @property
    def cpu_share(self) -> float:
        """CPU time of the looks over the time since the watch was made."""
        return self._cpu_s / (time.perf_counter() - self._began_s)

    def steps(self) -> list[Step]:
        """The steps noted so far, the oldest left out where they are too many."""
        return self._log.steps()

    def noted_after(self, moment_s: float) -> bool:
        """Whether a step that came after ``moment_s`` is known well: only then is the energy at that moment."""
        return any(step.after_s >= moment_s for step in well_seen(self._log.latest(_RECENT)))

    def rise(self, from_s: float, to_s: float) -> Rise | None:
        """Energy between two moments; None where the steps noted do not reach as far."""
        rests = NO_RESTS if self.rest_w is None else Rests(spans_s=tuple(self._rests_s), power_w=self.rest_w)
        return rise(self.steps(), from_s, to_s, rests)

    def rested(self, from_s: float, to_s: float) -> None:
        """Takes note that the board had no work between two moments."""
        self._rests_s.append((from_s, to_s))

    def watched(self, from_s: float, to_s: float) -> Watched:
        """What the looks between two moments add up to."""
        with self._lock:
            polls = [poll for poll in self._polls if from_s <= poll.at_s <= to_s]
            states = [state for at_s, state in self._states if from_s <= at_s <= to_s]
        return dataclasses.replace(summarise(polls, from_s, to_s, cpu_s=self._cpu_s), states=states)

    def resume(self) -> None:
        """Goes on looking."""
        if self._stop is None:
            self._resumed_s = time.perf_counter()
            self._stop = self._background.repeat(self._look)

    def pause(self) -> None:
        """Looks no more until it is resumed: looking at an idle board may wake it."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _look(self) -> float:
        """One look.

        Returns:
            The moment of the next.
        """
        cpu_s = time.thread_time()
        began_s = time.perf_counter()
        counter_mj = self._board.energy_mj()
        ended_s = time.perf_counter()
        self._poll(ended_s, counter_mj)
        step = None
        if counter_mj is not None:
            step = self._log.note(Look(began_s=began_s, ended_s=ended_s, counter_mj=counter_mj))
            self._look_s = ended_s - began_s if not self._look_s else 0.9 * self._look_s + 0.1 * (ended_s - began_s)
        self._cpu_s += time.thread_time() - cpu_s
        return self._next_s(step, ended_s)

    def _poll(self, at_s: float, counter_mj: int | None) -> None:
        poll = Poll(at_s=at_s, power_w=self._board.power_w(), counter_mj=counter_mj)
        state = self._board.state() if self._looks % _LOOKS_A_STATE == 0 else None
        self._looks += 1
        with self._lock:
            self._polls.append(poll)
            if state:
                self._states.append((at_s, state))

    def _next_s(self, step: Step | None, now_s: float) -> float:
        """When to look again, after a look that found ``step`` or none."""
        self._looks_since_step += 1
        period_s = self.period_s
        if period_s is None:
            return now_s + _SEARCH_S
        self._is_continuous |= period_s < _FASTEST_S
        if self._is_continuous:
            return now_s + _FASTEST_S
        if step:
            self._expect(step.middle_s, period_s)
            return self._expected_s - self._early_s - self._look_s
        overdue = now_s - max(self._expected_s, self._resumed_s) > _OVERDUE_PERIODS * period_s
        return now_s + (period_s / 10 if overdue else _SEARCH_S)

    def _expect(self, seen_s: float, period_s: float) -> None:
        """Expects the step after the one seen, and looks earlier for it where the first look came too late for this."""
        came_late = self._looks_since_step < 2
        self._looks_since_step = 0
        self._early_s = min(2 * self._early_s, period_s / 2) if came_late else max(0.9 * self._early_s, _EARLY_S)
        surprise_s = seen_s - self._expected_s
        is_expected = abs(surprise_s) < period_s / 4
        self._expected_s = (self._expected_s + _PULL * surprise_s if is_expected else seen_s) + period_s


@dataclasses.dataclass(frozen=True)
class StepWatches:
    """The watches of all boards in use: what is known of one of them alone is not known of the work."""

    watches: Sequence[StepWatch]

    def noted_after(self, moment_s: float) -> bool:
        """Whether a step that came after ``moment_s`` is known well of each."""
        return all(watch.noted_after(moment_s) for watch in self.watches)

    def rises(self, from_s: float, to_s: float) -> list[Rise]:
        """Energy of each board between two moments; nothing where the steps noted of one do not reach as far."""
        found = [watch.rise(from_s, to_s) for watch in self.watches]
        known = [each for each in found if each is not None]
        return known if len(known) == len(found) else []
