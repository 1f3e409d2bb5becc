"""Engine: answers queries that come and go while others are being answered."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Engine(Protocol):
    """What a technique puts in the place of answering batch by batch. Works inside ``session`` only."""

    def session(self) -> AbstractContextManager[Any]:
        """Runs the engine until the block ends; inside another session it does nothing."""

    def submit(self, batch: Mapping[str, Any], new_tokens: int) -> list[str]:
        """Hands the queries of a batch over, each to be answered with so many tokens, and returns their names."""

    def next_answer(self, timeout_s: float) -> str | None:
        """The name of a query that has been answered; None where none was within ``timeout_s``."""
