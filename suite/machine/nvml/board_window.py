"""A window of work as a board saw it: its counter, power, clocks and temperature, beside the meter of record."""

from __future__ import annotations

import time

from suite.machine.nvml.board import Board
from suite.machine.nvml.sampler import Watch, Watched
from suite.machine.nvml.step_watch import StepWatch
from suite.record.schema import Conditions
from suite.units import millijoules_to_joules

_UNWATCHED = Watched(polls=0, integral_j=None, max_power_w=None, longest_still_s=None, cpu_s=0.0)


class BoardWindow:
    """An open window. The order of its readings keeps the slow ones out of it."""

    def __init__(self, board: Board, *, quiet: bool, steps: StepWatch | None = None) -> None:
        """Opens it now. A ``quiet`` one is not watched: looking at an idle board may wake it.

        Where ``steps`` watch the board, they do so for this window too, and the counter is not read once more.
        """
        self._board = board
        self._steps = None if quiet else steps
        self._resting = steps if quiet else None
        if self._resting:
            self._resting.pause()
        self._states = [board.state()]
        self._after_mj: int | None = None
        self._before_mj = None if self._steps else board.energy_mj()
        self._started_s = self._ended_s = time.perf_counter()
        self.watched_s, self.watch_cpu_s = 0.0, 0.0
        self._watch = None if quiet or self._steps else Watch(board)  # last: nothing can go wrong after it has started

    def work_begins(self) -> None:
        """Whatever else opens the window is done, and has taken a moment without work."""
        if self._steps:
            self._started_s = time.perf_counter()

    def end(self) -> None:
        """Reads the counter and the time: the window ends here."""
        self._after_mj = None if self._steps else self._board.energy_mj()
        self._ended_s = time.perf_counter()

    @property
    def counter_j(self) -> float | None:
        """Rise of the counter in joules; None where it was not read at both ends."""
        if self._before_mj is None or self._after_mj is None:
            return None
        return millijoules_to_joules(self._after_mj - self._before_mj)

    def conditions(self) -> Conditions:
        """Ends the watching and reads the board's state once more."""
        watched = self.abandon()
        self._states += [*watched.states, self._board.state()]
        return Conditions(
            counter_j=self.counter_j,
            integral_j=watched.integral_j,
            polls=watched.polls,
            max_power_w=watched.max_power_w,
            power_limit_w=self._board.power_limit_w,
            longest_still_s=watched.longest_still_s,
            temperature_c=[each.temperature_c for each in self._states if each.temperature_c is not None],
            sm_clock_mhz=[each.sm_clock_mhz for each in self._states if each.sm_clock_mhz is not None],
            throttle_reasons=sorted({reason for each in self._states for reason in each.throttle_reasons}),
            foreign_processes=self._board.foreign_processes(),
        )

    def abandon(self) -> Watched:
        """Ends the watching."""
        if self._resting:
            self._resting.resume()
        if self._steps:
            return self._steps.watched(self._started_s, self._ended_s)
        if self._watch is None:
            return _UNWATCHED
        watched = self._watch.stop(self._started_s, self._ended_s)
        self._watch = None
        self.watched_s, self.watch_cpu_s = self._ended_s - self._started_s, watched.cpu_s
        return watched
