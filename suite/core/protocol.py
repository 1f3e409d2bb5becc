"""Protocol: how long to warm up and measure, in what order, and when to stop."""

from __future__ import annotations

import dataclasses
from typing import Literal, get_args

from suite.core import checks
from suite.errors import InputError

Pairing = Literal["auto", "resident", "swapped"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Protocol:
    """The rules of one measurement. Reasons: docs/method.md.

    Attributes:
        name: the conf key.
        min_blocks: blocks before the first look at the interval, at least 2. A block is four windows: ABBA or BAAB.
        max_blocks: blocks after which the comparison stops unconverged.
        stop_level: confidence level of the interval that decides about stopping; above 0.95, as it is looked at often.
        target_half_width: stop when the half-width of the energy ratio is at most this, by device.
        window_s: shortest window in seconds, by device.
        window_queries: fewest queries a window.
        window_ticks: fewest steps of the energy counter a window, where windows wait for its steps.
        slice_s: length of the pieces that the windows of both arms are run in by turns, by device, or None for
            windows in one stretch. Counters that step are never sliced.
        pairing: ``resident`` keeps both arms on the device, ``swapped`` one at a time, ``auto`` swaps them where
            both do not fit.
        swapped_factor: how much longer windows are where arms are swapped.
        warmup_min_s: least warm-up of an arm in seconds.
        warmup_max_s: most warm-up of an arm in seconds; a warning is recorded when it is not steady by then.
        warmup_slope_s: seconds of one slope of time per query.
        warmup_tolerance: three slopes in a row within this share of each other are steady.
        idle_s: seconds of idle before and after the blocks where power is measured; 0 for none.
        idle_settle_s: seconds without work before each of them.
        max_scored: most test items scored; None for all.
        prefill: whether each block also has a window of each arm that makes one token a query, so that prefill and
            decoding are told apart. Where queries are not answered token by token there are none.
        fresh_queries: whether each block goes on in the list of queries where the last one ended, so that all blocks
            together run as many different ones as they can; both arms then run equally many. Otherwise every window
            runs the same first part of the list.
        score_gate: most that the score may fall, in its own unit, before the point ends without windows; None: a point
            is measured whatever it scores.
    """

    name: str
    min_blocks: int
    max_blocks: int
    stop_level: float
    target_half_width: dict[str, float]
    window_s: dict[str, float]
    window_queries: int
    window_ticks: int
    slice_s: dict[str, float | None]
    pairing: Pairing
    swapped_factor: float
    warmup_min_s: float
    warmup_max_s: float
    warmup_slope_s: float
    warmup_tolerance: float
    idle_s: float
    idle_settle_s: float
    max_scored: int | None
    prefill: bool = False
    score_gate: float | None = None
    fresh_queries: bool = False

    def __post_init__(self) -> None:
        """Checks what would make a measurement meaningless."""
        self._check_numbers()
        self._check_by_device()
        if self.warmup_min_s > self.warmup_max_s:
            raise InputError(
                "protocol.warmup_min_s must be at most protocol.warmup_max_s",
                got=(self.warmup_min_s, self.warmup_max_s),
                remedy="give such seconds",
            )
        if not 2 <= self.min_blocks <= self.max_blocks:
            raise InputError(
                "protocol.min_blocks must be at least 2 and at most protocol.max_blocks",
                got=(self.min_blocks, self.max_blocks),
                remedy="give 2 <= min_blocks <= max_blocks",
            )
        if self.pairing not in get_args(Pairing):
            choices = ", ".join(get_args(Pairing))
            raise InputError("protocol.pairing is unknown", got=self.pairing, remedy=f"give one of {choices}")
        checks.flag("protocol.prefill", self.prefill)
        checks.flag("protocol.fresh_queries", self.fresh_queries)
        if self.score_gate is not None and self.score_gate != 0:
            checks.positive("protocol.score_gate", self.score_gate)

    def _check_numbers(self) -> None:
        for name in ("min_blocks", "max_blocks", "window_queries", "window_ticks"):
            checks.count(f"protocol.{name}", getattr(self, name), least=1)
        for name in ("warmup_min_s", "warmup_max_s", "warmup_slope_s", "idle_s", "idle_settle_s"):
            checks.seconds(f"protocol.{name}", getattr(self, name))
        for name in ("warmup_slope_s", "warmup_max_s", "swapped_factor"):
            checks.positive(f"protocol.{name}", getattr(self, name))
        checks.open_share("protocol.warmup_tolerance", self.warmup_tolerance)
        checks.open_share("protocol.stop_level", self.stop_level)
        if self.stop_level <= 0.5:
            raise InputError("protocol.stop_level must lie in (0.5, 1)", got=self.stop_level, remedy="give 0.97")
        if self.swapped_factor < 1:
            raise InputError("protocol.swapped_factor must be at least 1", got=self.swapped_factor, remedy="give 2")
        if self.max_scored is not None:
            checks.count("protocol.max_scored", self.max_scored, least=2)

    def _check_by_device(self) -> None:
        for name in ("target_half_width", "window_s", "slice_s"):
            values = getattr(self, name)
            if not isinstance(values, dict) or set(values) != {"cpu", "cuda"}:
                raise InputError(f"protocol.{name} needs cpu and cuda", got=values, remedy="give both")
            for device, value in values.items():
                if name == "slice_s" and value is None:
                    continue
                checks.positive(f"protocol.{name}.{device}", value)
                if name != "target_half_width":
                    checks.seconds(f"protocol.{name}.{device}", value)
