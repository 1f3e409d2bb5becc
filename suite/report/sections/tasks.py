"""Tasks ranked by the energy of a query, beside the study that measured ten of them."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.analysis.run.task_order import TaskEnergy, TaskOrder, task_orders
from suite.report.charts.range_chart import Kind, Row, range_chart
from suite.report.charts.vega import Chart
from suite.report.prose.style import LOOKS
from suite.report.view_model import Report
from suite.text import labels
from suite.text import numbers as text
from suite.text.i18n import N_, _, ngettext

ORDER = 15
TITLE = N_("Tasks by energy per query")
KINDS = {
    "ours": Kind(words=N_("this run"), filled=True, colour="#2f7fd1", shape="circle", path=LOOKS["saves"].path),
    "study": Kind(
        words=N_("the study, median and range of its models"),
        filled=False,
        colour="#808080",
        shape="circle",
        path=LOOKS["saves"].path,
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """The order of one run on one machine.

    Attributes:
        title: run and machine, where there are several orders.
        order: the tasks.
        queries: what a query is, by task.
        chart: both orders as multiples; None where the study has none of the tasks.
        correlation: the rank correlation in words; empty where there is none.
    """

    title: str
    order: TaskOrder
    queries: dict[str, str]
    chart: Chart | None
    correlation: str


def context(report: Report) -> dict[str, Any] | None:
    """Orders of three tasks or more."""
    orders = task_orders(report.points)
    if not orders:
        return None
    views = [_view(report, number, order, several=len(orders) > 1) for number, order in enumerate(orders, start=1)]
    sources = dict.fromkeys(
        (row.published.source, row.published.doubt) for order in orders for row in order.rows if row.published
    )
    return {
        "views": views,
        "kinds": KINDS.values(),
        "sources": list(sources),
        "multiple": multiple,
        "called": labels.words,
    }


def multiple(value: float | None) -> str:
    """A multiple with its sign; a dash where it is not known."""
    return text.NOTHING if value is None else f"{text.TIMES}{text.significant(value, 3)}"


def _view(report: Report, number: int, order: TaskOrder, *, several: bool) -> View:
    queries = {
        point.task: str(point.config["task"]["query"])
        for point in report.points
        if isinstance(point.config.get("task"), dict) and point.config["task"].get("query")
    }
    return View(
        title=f"{order.run} · {order.hardware}" if several else "",
        order=order,
        queries=queries,
        chart=_chart(number, order),
        correlation=_correlation(order),
    )


def _correlation(order: TaskOrder) -> str:
    if order.rank_correlation is None:
        return ""
    words = ngettext(
        "Rank correlation with the study's order over {n} task (Spearman's rho): {rho}.",
        "Rank correlation with the study's order over {n} tasks (Spearman's rho): {rho}.",
        order.shared,
    )
    return words.format(n=text.whole(order.shared), rho=text.fixed(order.rank_correlation, 2, signed=True))


def _chart(number: int, order: TaskOrder) -> Chart | None:
    if order.reference is None:
        return None
    rows = [row for each in order.rows for row in _rows(each)]
    return range_chart(
        identifier=f"tasks-{number}",
        description=_(
            "Energy of a query of each task as a multiple of that of {task}: this run's, and the study's on its own "
            "baseline. The table below has every figure."
        ).format(task=labels.words(order.reference)),
        title=_("times the energy of {task}").format(task=labels.words(order.reference)),
        rows=rows,
        kinds=KINDS,
        multiples=True,
    )


def _rows(each: TaskEnergy) -> list[Row]:
    found = []
    if each.multiple is not None:
        ours = each.multiple
        found.append(
            Row(label=labels.words(each.task), kind="ours", dots=(ours.estimate,), low=ours.low, high=ours.high)
        )
    if each.published_multiple is not None:
        theirs = each.published_multiple
        found.append(Row(label="", kind="study", dots=(theirs.estimate,), low=theirs.low, high=theirs.high))
    return found
