"""Meter: reads the energy that components used between two moments."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

from suite.record import RecordWarning


@dataclasses.dataclass(frozen=True, kw_only=True)
class Readings:
    """Energy between start and stop, in joules by component (``gpu``, ``cpu``, ``ram``).

    A component that was not read is absent. ``method`` has the same keys: ``measured:…`` or ``estimated:…``.
    """

    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]


class Meter(ABC):
    """One meter for one device. Windows do not nest and do not overlap."""

    @abstractmethod
    def open(self, device: str) -> None:
        """Makes ready for windows of work on ``device`` (``cpu`` or ``cuda``), a throw-away window included."""

    @abstractmethod
    def close(self) -> None:
        """Releases what ``open`` took. Safe to call twice."""

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
        """What was noticed since ``open`` and weakens the figures."""
