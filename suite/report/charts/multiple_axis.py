"""Logarithmic axes of multiples of one energy: once, ten times, a hundred times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

from suite.report.charts import vega
from suite.text import numbers as text

LABELS = f"'{text.TIMES}' + format(datum.value, '~g')"
_FEWEST_TICKS = 3


def multiple_scale(ratios: Sequence[float]) -> vega.Axis:
    """An axis over ``ratios``, above 0, and one."""
    low, high = min([*ratios, 1.0]), max([*ratios, 1.0])
    stretch = max(high / low, 1.5) ** 0.06
    return vega.Axis(low / stretch, high * stretch, True, ())


def multiple_axis(scale: vega.Axis, title: str) -> alt.Axis:
    """Powers of ten, and 2 and 5 times these where there are few."""
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5)):
        ticks = [step * 10.0**power for power in powers for step in steps]
        shown = [tick for tick in ticks if scale.low <= tick <= scale.high]
        if len(shown) >= _FEWEST_TICKS:
            break
    return alt.Axis(values=shown, title=title, labelExpr=LABELS)
