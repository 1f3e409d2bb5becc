"""A window of work as the boards in use saw it: counters, power, clocks and temperature, beside the meter of record."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from suite.machine.nvml.board import Board
from suite.machine.nvml.sampler import Watch, Watched
from suite.machine.nvml.step_watch import StepWatch
from suite.record.schema import Conditions
from suite.units import millijoules_to_joules

_UNWATCHED = Watched(polls=0, integral_j=None, max_power_w=None, longest_still_s=None, cpu_s=0.0)


class BoardWindow:
    """An open window. The order of its readings keeps the slow ones out of it."""

    def __init__(self, boards: Sequence[Board], *, quiet: bool, steps: Sequence[StepWatch] = ()) -> None:
        """Opens it now. A ``quiet`` one is not watched: looking at an idle board may wake it.

        Where ``steps`` watch the boards, they do so for this window too, and the counters are not read once more.
        """
        self._boards = boards
        self._steps = () if quiet else steps
        self._resting = steps if quiet else ()
        for watch in self._resting:
            watch.pause()
        self._states = [board.state() for board in boards]
        self._before_mj = self._read_mj()
        self._after_mj: list[int | None] = []
        self._started_s = self._ended_s = time.perf_counter()
        self.watched_s, self.watch_cpu_s = 0.0, 0.0
        # last: nothing can go wrong after they have started
        self._watches = [] if quiet or self._steps else [Watch(board) for board in boards]

    def work_begins(self) -> None:
        """Whatever else opens the window is done, and has taken a moment without work."""
        if self._steps:
            self._started_s = time.perf_counter()

    def end(self) -> None:
        """Reads the counters and the time: the window ends here."""
        self._after_mj = self._read_mj()
        self._ended_s = time.perf_counter()

    def _read_mj(self) -> list[int | None]:
        """Every board's counter, one right after the other; empty where their steps are watched."""
        return [] if self._steps else [board.energy_mj() for board in self._boards]

    @property
    def counters_j(self) -> list[float | None]:
        """Rise of each board's counter in joules, None where it was not read at both ends; empty where none was."""
        return [
            None if before is None or after is None else millijoules_to_joules(after - before)
            for before, after in zip(self._before_mj, self._after_mj, strict=False)
        ]

    def conditions(self) -> Conditions:
        """Ends the watching and reads the boards' states once more."""
        seen = self.abandon()
        states = [*self._states, *(state for each in seen for state in each.states)]
        states += [board.state() for board in self._boards]
        stills_s = [each.longest_still_s for each in seen if each.longest_still_s is not None]
        foreign = whole_sum([board.foreign_processes() for board in self._boards])
        return Conditions(
            counter_j=whole_sum(self.counters_j),
            integral_j=whole_sum([each.integral_j for each in seen]),
            polls=min(each.polls for each in seen),
            max_power_w=whole_sum([each.max_power_w for each in seen]),
            power_limit_w=whole_sum([board.power_limit_w for board in self._boards]),
            longest_still_s=max(stills_s, default=None),
            temperature_c=[each.temperature_c for each in states if each.temperature_c is not None],
            sm_clock_mhz=[each.sm_clock_mhz for each in states if each.sm_clock_mhz is not None],
            throttle_reasons=sorted({reason for each in states for reason in each.throttle_reasons}),
            foreign_processes=None if foreign is None else round(foreign),
        )

    def abandon(self) -> list[Watched]:
        """Ends the watching, of which each board's part is returned."""
        for watch in self._resting:
            watch.resume()
        if self._steps:
            return [watch.watched(self._started_s, self._ended_s) for watch in self._steps]
        if not self._watches:
            return [_UNWATCHED] * len(self._boards)
        seen = [watch.stop(self._started_s, self._ended_s) for watch in self._watches]
        self._watches = []
        self.watched_s = self._ended_s - self._started_s
        self.watch_cpu_s = math.fsum(each.cpu_s for each in seen)
        return seen


def whole_sum(parts: Sequence[float | None]) -> float | None:
    """The sum; None where there is no part, or one of them is missing: the rest would pass for the whole."""
    known = [part for part in parts if part is not None]
    return math.fsum(known) if known and len(known) == len(parts) else None
