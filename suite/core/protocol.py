"""Protocol: how long to warm up and measure, in what order, and when to stop."""

from __future__ import annotations

import dataclasses

from suite.errors import InputError


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
        warmup_min_s: least warm-up of an arm in seconds.
        warmup_max_s: most warm-up of an arm in seconds; a warning is recorded when it is not steady by then.
        warmup_slope_s: seconds of one slope of time per query.
        warmup_tolerance: three slopes in a row within this share of each other are steady.
        idle_s: seconds of idle before and after the blocks where power is measured; 0 for none.
        max_scored: most test items scored; None for all.
    """

    name: str
    min_blocks: int
    max_blocks: int
    stop_level: float
    target_half_width: dict[str, float]
    window_s: dict[str, float]
    window_queries: int
    warmup_min_s: float
    warmup_max_s: float
    warmup_slope_s: float
    warmup_tolerance: float
    idle_s: float
    max_scored: int | None

    def __post_init__(self) -> None:
        """Checks what would make a measurement meaningless."""
        for name in ("min_blocks", "max_blocks", "window_queries"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise InputError(f"protocol.{name} must be a whole number", got=value, remedy="give one")
        if not 0 <= self.warmup_min_s <= self.warmup_max_s or self.idle_s < 0:
            raise InputError(
                "protocol needs 0 <= warmup_min_s <= warmup_max_s and idle_s of at least 0",
                got=(self.warmup_min_s, self.warmup_max_s, self.idle_s),
                remedy="give such seconds",
            )
        if not 2 <= self.min_blocks <= self.max_blocks:
            raise InputError(
                "protocol.min_blocks must be at least 2 and at most protocol.max_blocks",
                got=(self.min_blocks, self.max_blocks),
                remedy="give 2 <= min_blocks <= max_blocks",
            )
        if not 0.5 < self.stop_level < 1:
            raise InputError("protocol.stop_level must lie in (0.5, 1)", got=self.stop_level, remedy="give 0.97")
        for name in ("target_half_width", "window_s"):
            values = getattr(self, name)
            if set(values) != {"cpu", "cuda"} or min(values.values()) <= 0:
                raise InputError(f"protocol.{name} needs cpu and cuda above 0", got=values, remedy="give both")
        for name in ("window_queries", "warmup_slope_s", "warmup_max_s"):
            if getattr(self, name) <= 0:
                raise InputError(f"protocol.{name} must be above 0", got=getattr(self, name), remedy="give more")
        if self.max_scored is not None and self.max_scored < 2:
            raise InputError("protocol.max_scored must be at least 2", got=self.max_scored, remedy="give 2 or null")

    def expected_s(self, device: str) -> tuple[float, float]:
        """Seconds a point's warm-up and windows take, from the fewest blocks to the most."""
        warmup = 2 * self.warmup_min_s + 2 * self.idle_s
        window = 4 * self.window_s[device]
        return warmup + self.min_blocks * window, 2 * self.warmup_max_s + 2 * self.idle_s + self.max_blocks * window
