"""Runnable: what windows have to know of that which an arm runs, be it a model under a task or a function."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol


class Runnable(Protocol):
    """Where it runs, in what pieces, and how to wait for it. A ``Setup`` is one."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""

    @property
    def batch_size(self) -> int:
        """Queries that are run at once: counts of queries are whole multiples of it."""

    @property
    def waiting(self) -> int:
        """Queries after each of which both arms of a comparison have answered the same ones."""

    def held(self) -> AbstractContextManager[Any]:
        """Entered around whatever is timed, from outside."""

    def synchronize(self) -> None:
        """Returns when the device has finished all that was queued on it."""
