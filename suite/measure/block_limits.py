"""Limits: what a budget leaves for one point."""

from __future__ import annotations

import dataclasses
import math
import time

from suite.record.schema import Record, Window

BUDGET = "budget"
"""Kind of the reason of a point that was not measured, or not to its fewest blocks, for want of time."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a point may go on measuring, and what it goes on from.

    Attributes:
        most_blocks: the last block, counted with those before it; None: the protocol's.
        deadline_s: moment of ``time.monotonic`` after which no block may end; None: there is none.
        earlier: windows of an earlier attempt at the same point, whose blocks count as measured.
        earlier_prefill: its windows of one token a query.
    """

    most_blocks: int | None = None
    deadline_s: float | None = None
    earlier: tuple[Window, ...] = ()
    earlier_prefill: tuple[Window, ...] = ()

    @classmethod
    def going_on_from(cls, record: Record | None, deadline_s: float | None = None) -> Limits:
        """Until ``deadline_s``, with the blocks of an earlier attempt; None: there was none."""
        if record is None:
            return cls(deadline_s=deadline_s)
        return cls(deadline_s=deadline_s, earlier=tuple(record.windows), earlier_prefill=tuple(record.prefill_windows))

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; infinite where there is none."""
        return math.inf if self.deadline_s is None else max(0.0, self.deadline_s - time.monotonic())

    def leaves_room_for(self, block_s: float) -> bool:
        """Whether a block of ``block_s`` seconds still ends in time."""
        return self.deadline_s is None or time.monotonic() + block_s <= self.deadline_s


UNLIMITED = Limits()
