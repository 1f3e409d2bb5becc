"""What checks of windows have in common: the windows that are known, and words for how many and how far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suite.record.schema import Window

Measure = Callable[[Window], float | None]


def known(windows: Sequence[Window], measure: Measure) -> list[tuple[Window, float]]:
    """Those windows for which there is a figure, with it."""
    pairs = [(window, measure(window)) for window in windows]
    return [(window, value) for window, value in pairs if value is not None]


def share_of(some: Sequence[object], every: Sequence[object]) -> str:
    """``3 of 16 windows``."""
    return f"{len(some)} of {len(every)} windows"


def worst_of(shares: Sequence[float]) -> str:
    """The largest share, either way, in percent."""
    return f"{100 * max(map(abs, shares)):.1f} %"
