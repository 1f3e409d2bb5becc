"""Observer: who is told how far a point has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from suite.measure.draft import Draft  # imports torch, which the process that follows a point does not need

_Known = TypeVar("_Known", contravariant=True)


class Follower(Protocol[_Known]):
    """Told between windows, never inside one. What it raises ends the point there, with what was measured."""

    def stage(self, text: str, left_s: tuple[float, float] | None = None) -> None:
        """The point has come to a stage. ``left_s``: how long it takes from here, at least and at most, once known."""

    def progress(self, draft: _Known) -> None:
        """The draft knows more: both arms are ready, a block is finished, or all windows are there."""


Observer: TypeAlias = "Follower[Draft]"
"""Follows a point."""


class Nobody:
    """Nobody is told."""

    def stage(self, text: str, left_s: tuple[float, float] | None = None) -> None:
        """Nothing."""

    def progress(self, draft: object) -> None:
        """Nothing."""
