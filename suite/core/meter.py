"""Meter: reads the energy that components used between two moments."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

from suite.record import RecordWarning


@dataclasses.dataclass(frozen=True, kw_only=True)
class Readings:
    """Energy between start and stop, in joules by component (``gpu``, ``cpu``, ``ram``).

    A component that was not read is absent. ``method`` has the same keys: ``measured:…`` or ``estimated:…``.
    """

    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]


class OpenMeter(ABC):
    """A meter that is running for one device. Windows do not nest and do not overlap. A context manager."""

    @abstractmethod
    def start(self) -> Any:
        """Opens a window and returns its token."""

    @abstractmethod
    def stop(self, token: Any) -> Readings:
        """Closes the window of ``token``.

        Raises:
            ImpossibleOutput: the instrument gave no reading, or one that cannot be.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Provenance for the record: modes, scope and source per component."""

    @abstractmethod
    def warnings(self) -> list[RecordWarning]:
        """What was noticed so far and weakens the figures."""

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
    def open(self, device: str) -> OpenMeter:
        """Makes ready for windows of work on ``device`` (``cpu`` or ``cuda``), a throw-away window included."""
