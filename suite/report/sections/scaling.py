"""How energy per query changes with the batch size, or with another number of the task."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.run.power_law import BATCH_SIZE, Curve, Family, families
from suite.report.charts.scaling_chart import MOST_CURVES, curve_names, knob_words, scaling_chart
from suite.report.charts.vega import Chart
from suite.report.view_model import Report
from suite.stats.interval import Interval
from suite.text import numbers as text
from suite.text.i18n import N_, _

ORDER = 47
TITLE = N_("How energy scales")
MOST_CHARTS = 12
DOUBLED_BATCH = (
    N_("doubling the batch changes energy per query by {change}"),
    N_("doubling the batch changes energy per training sample by {change}"),
)
DOUBLED = (
    N_("doubling it ({knob}) changes energy per query by {change}"),
    N_("doubling it ({knob}) changes energy per training sample by {change}"),
)
END_TO_END = (
    N_("from {first} to {last} ({knob}) energy per query changes by {change}"),
    N_("from {first} to {last} ({knob}) energy per training sample changes by {change}"),
)
"""Of inference, and of training."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """One family with the names of its curves."""

    family: Family
    title: str
    names: tuple[str, ...]
    chart: Chart | None

    @property
    def has_line(self) -> bool:
        """Whether any curve has the values that a straight line can be held against."""
        return any(curve.exponent is not None for curve in self.family.curves)

    @property
    def rows(self) -> list[tuple[str, Curve]]:
        """The curves by name."""
        return list(zip(self.names, self.family.curves, strict=True))


def context(report: Report) -> dict[str, Any] | None:
    """Families of the run, the first with charts."""
    found = families(report.points)
    if not found:
        return None
    views = [_view(report, number, family) for number, family in enumerate(found, start=1)]
    charted = [view.family for view in views if view.chart]
    return {
        "views": views,
        "drawn": min(len(views), MOST_CHARTS),
        "has_joined": any(each.joined for f in charted for curve in f.curves for each in curve.readings),
        "most_curves": MOST_CURVES if any(len(family.curves) > MOST_CURVES + 1 for family in charted) else None,
        "knob": knob_words,
        "in_words": in_words,
        "exponent": exponent,
        "interval": interval,
    }


def _view(report: Report, number: int, family: Family) -> View:
    view = View(family=family, title=_title(report, family), names=tuple(curve_names(family.curves)), chart=None)
    is_drawn = view.has_line and number <= MOST_CHARTS
    return dataclasses.replace(view, chart=scaling_chart(number, family)) if is_drawn else view


def _title(report: Report, family: Family) -> str:
    """What all points of a family share; a family over the batch size has no one batch size."""
    point = family.example
    batch = [] if family.knob == "batch_size" else [_("batch {size}").format(size=point.baseline_batch_size)]
    runtime = [] if point.runtime == "eager" else [point.runtime]
    workload = [] if point.workload == "training_steps" else [report.called(point.workload)]
    model = report.names[point.model]
    return " · ".join([text.words(point.phase), *workload, *batch, point.dtype, *runtime, point.device, model])


def interval(energy_j: Interval, unit: text.Scale | None = None) -> str:
    """Both ends of joules, each with its unit; empty where there is no interval."""
    if energy_j.low is None or energy_j.high is None:
        return ""
    return f"[{text.energy(energy_j.low, unit)}, {text.energy(energy_j.high, unit)}]"


def exponent(found: Interval | None) -> str:
    """An exponent with its interval."""
    if found is None:
        return text.NOTHING
    ends = "" if found.low is None or found.high is None else f" [{_signed(found.low)}, {_signed(found.high)}]"
    return _signed(found.estimate) + ends


def in_words(knob: str, curve: Curve, *, is_training: bool) -> str:
    """What the curve says, as a sentence: for a doubling where an exponent is known, else from end to end."""
    doubling = curve.doubling
    if doubling is None:
        ends = {name: text.value(curve.readings[end].value) for name, end in (("first", 0), ("last", -1))}
        return _(END_TO_END[is_training]).format(knob=knob_words(knob), change=text.change(curve.end_to_end), **ends)
    sentences = DOUBLED_BATCH if knob == BATCH_SIZE else DOUBLED
    change = f"{text.change(doubling.estimate)} {text.change_interval(doubling.low, doubling.high)}".strip()
    return _(sentences[is_training]).format(knob=knob_words(knob), change=change)


def _signed(value: float) -> str:
    return text.fixed(value, 2, signed=True)
