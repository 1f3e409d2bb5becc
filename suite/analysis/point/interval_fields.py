"""An interval as fields of a point's summary."""

from __future__ import annotations

from suite.stats.interval import Interval


def interval_fields(name: str, value: Interval | None) -> dict[str, float | None]:
    """The estimate as ``name``, the ends as ``name_low`` and ``name_high``; None where they are not known."""
    if value is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}
