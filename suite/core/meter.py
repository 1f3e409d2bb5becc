"""Meter: reads the energy that components used between two moments."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from suite.core.workload import Loop
from suite.machine.which_gpu import FIRST_BOARD
from suite.record.schema import Arm, Conditions


@dataclasses.dataclass(frozen=True, kw_only=True)
class Readings:
    """Energy between start and stop, in joules by component (``gpu``, ``cpu``, ``ram``).

    A component that was not read is absent. ``method`` has the same keys: ``measured:…``, ``estimated:…``,
    ``simulated:…`` or ``replayed:…``. ``board_energy_j`` is the energy of each GPU in use, empty where not each was
    read by itself. ``conditions`` is what else was seen, where there is an instrument for it.
    """

    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]
    board_energy_j: Sequence[float] = ()
    conditions: Conditions | None = None


class Estimate(Protocol):
    """Energy in joules with its standard uncertainty."""

    @property
    def energy_j(self) -> float:
        """The estimate."""

    @property
    def uncertainty_j(self) -> float:
        """Its standard uncertainty."""


class Interpolation(Protocol):
    """Energy between any two moments, from the steps of the GPUs' counters that are noted as they come."""

    def noted_after(self, moment_s: float) -> bool:
        """Whether steps that came after ``moment_s`` are known of all: only then is the energy at that moment."""

    def rises(self, from_s: float, to_s: float) -> Sequence[Estimate]:
        """Energy of each GPU in use between two moments of ``time.perf_counter``.

        Nothing where the steps noted of one of them do not reach as far.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ticker:
    """An energy counter that rises in steps, or those of several GPUs that work together.

    Attributes:
        period_s: seconds between two steps, as probed under load; the longest, where there are several counters.
        read: the counter's value now, in its own unit, for windows that wait for a step; None where there are several,
            whose steps come at different moments.
        lag_s: it shows what was used up to so long before a step; None where that could not be told.
        interpolation: the energy between its steps, for counters without lag; None for others.
    """

    period_s: float
    read: Callable[[], int] | None
    lag_s: float | None
    interpolation: Interpolation | None


class OpenMeter(ABC):
    """A meter that is running for one device. Windows do not nest and do not overlap. A context manager."""

    @abstractmethod
    def watch(self, arm: Arm, loop: Loop, *, prefill: bool = False) -> Loop:
        """Lets the instrument see an arm's work. A real one sees it by itself and gives ``loop`` back.

        A simulated one gives a loop that tells it when it runs, and how much power that draws: ``prefill`` says that
        its queries end after one token.
        """

    @abstractmethod
    def ticker(self, work: Callable[[], None], *, shared: Path | None = None) -> Ticker | None:
        """Probes the energy counter while ``work`` is run again and again, with a rest between, for seconds at most.

        Args:
            work: some of what the windows will hold, synchronised.
            shared: a folder that all points of the run share. What a point found out there need not be probed again.

        Returns:
            None where there is no counter that rises in steps that matter.
        """

    @abstractmethod
    def start(self, *, quiet: bool = False) -> Any:
        """Opens a window and returns its token. A ``quiet`` one reads nothing between its two ends (idle power)."""

    @abstractmethod
    def stop(self, token: Any) -> Readings:
        """Closes the window of ``token``.

        Raises:
            ImpossibleOutput: the instrument gave no reading, or one that cannot be.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Provenance for the record: ``name`` and, by component, ``method``, ``scope`` and what else is known."""

    @abstractmethod
    def close(self) -> None:
        """Releases what opening took."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Meter(ABC):
    """How energy is read."""

    @abstractmethod
    def open(self, device: str, *, boards: Sequence[int] = FIRST_BOARD, pid: int | None = None) -> OpenMeter:
        """Makes ready for windows of work on ``device`` (``cpu`` or ``cuda``), a throw-away window included.

        Args:
            device: that works.
            boards: the GPUs in use, as torch numbers them, where the device is ``cuda``: they alone are counted.
            pid: of the process that works, a server, say: where the energy of a CPU is estimated from CPU time, that of
                this process and its children is counted. None: it is the one that measures.

        Raises:
            InputError: the meter cannot see another process, or there is none of that number.
        """
