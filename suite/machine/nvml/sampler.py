"""Watching a board from a thread: power and the energy counter during a window."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Sequence

from suite.machine.nvml.board import Board, State

_POLL_S = 0.05  # boards renew their power reading every 20 to 100 ms
_LOOKS_A_STATE = 10  # clocks and temperature move more slowly than power
_HANG_S = 2.0  # a driver that answers later is not waited for


@dataclasses.dataclass(frozen=True, kw_only=True)
class Poll:
    """One look at a board. None: it gave no answer."""

    at_s: float
    power_w: float | None
    counter_mj: int | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Watched:
    """What the looks at a board during a window add up to.

    Attributes:
        polls: readings of power.
        integral_j: of power over the window, in joules; None with fewer than two readings.
        max_power_w: highest reading.
        longest_still_s: longest time for which the counter was seen not to change; None where there is no counter. It
            is no more than what lies between looks that gave the same value, so rare looks raise no alarm.
        cpu_s: CPU time that the looking took.
        states: clocks, temperature and throttling while the work ran: at its ends the board is at rest again.
    """

    polls: int
    integral_j: float | None
    max_power_w: float | None
    longest_still_s: float | None
    cpu_s: float
    states: Sequence[State] = ()


class Watch:
    """A thread that looks at a board until it is stopped. One for each window."""

    def __init__(self, board: Board, poll_s: float = _POLL_S) -> None:
        """Starts looking, every ``poll_s`` seconds."""
        self._board, self._poll_s = board, poll_s
        self._stopped = threading.Event()
        self._polls: list[Poll] = []
        self._states: list[State] = []
        self._cpu_s = 0.0
        self._thread = threading.Thread(target=self._run, name="board watch", daemon=True)
        self._thread.start()

    def stop(self, from_s: float, to_s: float) -> Watched:
        """Ends the thread and sums up what it saw between two moments of ``time.perf_counter``."""
        self._stopped.set()
        self._thread.join(_HANG_S)
        if self._thread.is_alive():
            return summarise([], from_s, to_s, cpu_s=self._cpu_s)
        summed = summarise(self._polls, from_s, to_s, cpu_s=self._cpu_s)
        return dataclasses.replace(summed, states=self._states)

    def _run(self) -> None:
        began_s = time.thread_time()
        while True:
            power_w, counter_mj = self._board.power_w(), self._board.energy_mj()
            self._polls.append(Poll(at_s=time.perf_counter(), power_w=power_w, counter_mj=counter_mj))
            if len(self._polls) % _LOOKS_A_STATE == 0:
                self._states.append(self._board.state())
            self._cpu_s = time.thread_time() - began_s
            if self._stopped.wait(self._poll_s):
                return


def summarise(polls: Sequence[Poll], from_s: float, to_s: float, *, cpu_s: float) -> Watched:
    """The window from ``from_s`` to ``to_s`` as the ``polls``, in order of time, saw it."""
    powers = [(poll.at_s, poll.power_w) for poll in polls if poll.power_w is not None]
    return Watched(
        polls=len(powers),
        integral_j=_integral_j(powers, from_s, to_s) if len(powers) > 1 else None,
        max_power_w=max((power_w for _, power_w in powers), default=None),
        longest_still_s=_longest_still_s(polls),
        cpu_s=cpu_s,
    )


def _integral_j(powers: Sequence[tuple[float, float]], from_s: float, to_s: float) -> float:
    """Straight lines between the readings, level before the first and after the last."""
    inside = [(min(max(at_s, from_s), to_s), power_w) for at_s, power_w in powers]
    whole = [(from_s, inside[0][1]), *inside, (to_s, inside[-1][1])]
    return sum((b_s - a_s) * (a_w + b_w) / 2 for (a_s, a_w), (b_s, b_w) in itertools.pairwise(whole))


def _longest_still_s(polls: Sequence[Poll]) -> float | None:
    first: Poll | None = None
    longest_s: float | None = None
    for poll in (each for each in polls if each.counter_mj is not None):
        first = poll if first is None or poll.counter_mj != first.counter_mj else first
        longest_s = max(longest_s or 0.0, poll.at_s - first.at_s)
    return longest_s
