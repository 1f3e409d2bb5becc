"""Stacks: what their parts promise together, and what was found, a pair of rows each."""

from __future__ import annotations

from collections.abc import Sequence

from suite.analysis.run.stacking import Interaction
from suite.report.charts import vega
from suite.report.charts.range_chart import Kind, Row, range_chart
from suite.report.prose.style import LOOKS
from suite.report.view_model import Group
from suite.stats.interval import Interval
from suite.text import numbers as text
from suite.text.i18n import N_, _

MOST_STACKS = 20
_CIRCLE = LOOKS["saves"].path
KINDS = {
    "expected": Kind(
        words=N_("expected: the parts' ratios multiplied"), filled=False, colour="#808080", shape="circle", path=_CIRCLE
    ),
    "found": Kind(words=N_("found: the stack itself"), filled=True, colour="#2f7fd1", shape="circle", path=_CIRCLE),
}


def stack_chart(group: Group, stacks: Sequence[tuple[str, Interaction]]) -> vega.Chart:
    """The chart of the stacks of ``group``, at least one, with the name of each."""
    drawn = stacks[:MOST_STACKS]
    rows = [
        row for name, each in drawn for row in (_row(name, "expected", each.expected), _row("", "found", each.found))
    ]
    return range_chart(
        identifier=f"stacks-{group.number}",
        description=_(
            "Change of energy of stacks of {task}, {count} in all: expected from their parts and found. "
            "The table below has every figure."
        ).format(count=text.whole(len(drawn)), task=group.name),
        title=_("change of energy per training sample") if group.is_per_sample else _("change of energy per query"),
        rows=rows,
        kinds=KINDS,
        left_out=len(stacks) - len(drawn),
    )


def _row(label: str, kind: str, ratio: Interval) -> Row:
    return Row(label=label, kind=kind, dots=(ratio.estimate,), low=ratio.low, high=ratio.high)
