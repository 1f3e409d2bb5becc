"""Logarithmic axes of ratios that read as changes in per cent, for charts that set several of them side by side."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from suite.report.charts import vega
from suite.report.charts.forest import CHANGES
from suite.text import numbers as text

LABELS = (
    f"datum.value == 1 ? '0 %' : (datum.value < 1 ? '{text.MINUS}' : '+')"
    " + format(abs(datum.value - 1) * 100, '.0f') + ' %'"
)
ALWAYS = (0.9, 1.1)
"""Shown on every axis, so that a change of next to nothing looks like one."""


def change_scale(ratios: Sequence[float], *, headroom: float = 0.04, least_side: float = 0.0) -> vega.Axis:
    """An axis over ``ratios`` and no change.

    Args:
        ratios: above 0; may be empty.
        headroom: left free at both ends, as a share of the axis.
        least_side: share of the axis that lies on each side of no change at least, up to 0.5.
    """
    low, high = min([*ratios, *ALWAYS]), max([*ratios, *ALWAYS])
    stretch = (high / low) ** headroom
    low, high = low / stretch, high * stretch
    if least_side > 0:
        most = (1 - least_side) / least_side  # the longer side as a multiple of the shorter, in logarithms
        low, high = min(low, high ** (-1 / most)), max(high, low ** (-1 / most))
    return vega.Axis(low, high, True, ())


def change_ticks(scale: vega.Axis, pixels: int, apart: int = 44) -> list[float]:
    """As many round changes as stand ``apart`` pixels from each other, no change first."""
    kept = [1.0]
    for ratio in sorted((1 + change / 100 for change in CHANGES), key=lambda ratio: abs(ratio - 1)):
        in_view = scale.low <= ratio <= scale.high
        if in_view and all(abs(scale.share(ratio) - scale.share(other)) * pixels >= apart for other in kept):
            kept.append(ratio)
    return sorted(kept)


def change_axis(scale: vega.Axis, pixels: int, title: str, apart: int = 44) -> alt.Axis:
    """Ticks and their labels."""
    return alt.Axis(values=change_ticks(scale, pixels, apart), title=title, labelExpr=LABELS)
