"""Tasks ranked by the energy of a query, beside the ranking of a published study.

Absolute joules are never compared with the study's: it read a whole node of eight GPUs, seven of them idle, with a
constant estimate for the memory. Both sides stand as multiples of the same task's energy instead, each on its own
baseline, and the two orders have a rank correlation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

import msgspec

from suite.analysis.point.block_energies import block_energies
from suite.analysis.run.baselines import smallest_batches
from suite.analysis.summary import PointSummary
from suite.io.tables import read_csv
from suite.stats.interval import Interval, welch_interval
from suite.text.labels import key_of

DATA = Path(__file__).parents[1] / "data" / "published_tasks.csv"
FEWEST_TASKS = 3
"""Fewer tasks have no order worth a table, and no rank correlation."""


class PublishedTask(msgspec.Struct, frozen=True, kw_only=True):
    """One task of the study.

    Attributes:
        task: our name of it.
        median_wh_per_query: of its models.
        low_wh_per_query: of the model that takes least.
        high_wh_per_query: of the one that takes most.
        models: how many.
        year: of publication.
        source: of the figures.
        doubt: what stands against them.
    """

    task: str
    median_wh_per_query: float
    low_wh_per_query: float
    high_wh_per_query: float
    models: int
    year: int
    source: str
    doubt: str


class TaskEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """One task, answered by one model without any technique.

    Attributes:
        task: its label.
        model: its label.
        batch_size: queries answered together.
        energy_per_query_j: geometric mean over the blocks, or over the points that share the baseline.
        multiple: of the reference task's energy, with its interval; None where there is no reference.
        rank: 1 for the least energy.
        distinct_queries: different ones that windows ran, the fewest of the points; None where that is not known.
        score: of the model.
        metric: of the score.
        published: the study's figures.
        published_multiple: of the study's own figure for the reference task, median and range over its models.
        published_rank: among the tasks that both have; None where the study has it not.
    """

    task: str
    model: str
    batch_size: int
    energy_per_query_j: float
    multiple: Interval | None
    rank: int
    distinct_queries: int | None
    score: float | None
    metric: str | None
    published: PublishedTask | None
    published_multiple: Interval | None
    published_rank: int | None


class TaskOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The tasks of one run on one machine, by one instrument.

    Attributes:
        run: its name.
        hardware: that measured.
        rows: least energy first.
        reference: the task whose energy the multiples count in; None where the study shares none.
        shared: tasks that the study has as well.
        rank_correlation: Spearman's rho over the shared tasks, of several models of a task the median; None for fewer
            than ``FEWEST_TASKS`` or where it is not defined.
    """

    run: str
    hardware: str
    rows: tuple[TaskEnergy, ...]
    reference: str | None
    shared: int
    rank_correlation: float | None


def published_tasks() -> list[PublishedTask]:
    """The study's tasks, in its order."""
    return read_csv(DATA, PublishedTask)


def task_orders(points: Iterable[PointSummary]) -> list[TaskOrder]:
    """One order for each run, hardware and instrument that measured ``FEWEST_TASKS`` tasks or more.

    Of each task and model the smallest batch counts, as the study answers one query at a time.
    """
    found: dict[tuple[str, ...], list[PointSummary]] = {}
    for point in points:
        if point.status != "ok" or point.phase != "inference" or not point.component:
            continue
        if block_energies(point, "baseline"):
            key = (point.run, point.hardware or "", point.component, point.method or "")
            found.setdefault(key, []).append(point)
    orders = [_order(run, hardware, members) for (run, hardware, *_), members in found.items()]
    return [order for order in orders if len({key_of(row.task) for row in order.rows}) >= FEWEST_TASKS]


def _order(run: str, hardware: str, points: Sequence[PointSummary]) -> TaskOrder:
    groups = smallest_batches(points)
    logs = {key: _logs(members) for key, members in groups.items()}
    study = {each.task: each for each in published_tasks()}
    known = {task: study[key_of(task)] for task, _ in groups if key_of(task) in study}
    shared = list(dict.fromkeys(task for task, _ in groups if task in known))
    reference = min(shared, key=lambda task: known[task].median_wh_per_query, default=None)
    unit = None if reference is None else [values for (task, _), values in logs.items() if task == reference]
    ranked = sorted(groups, key=lambda key: math.fsum(logs[key]) / len(logs[key]))
    both = {each.task: each.median_wh_per_query for each in known.values()}
    published_order = sorted(both, key=lambda task: both[task])
    rows = [
        _row(
            groups[key],
            logs[key],
            unit,
            rank,
            published=known.get(key[0]),
            reference=None if reference is None else known[reference],
            published_rank=published_order.index(key_of(key[0])) + 1 if key[0] in known else None,
        )
        for rank, key in enumerate(ranked, start=1)
    ]
    return TaskOrder(
        run=run,
        hardware=hardware,
        rows=tuple(rows),
        reference=reference,
        shared=len(both),
        rank_correlation=_rank_correlation(rows),
    )


def _logs(points: Sequence[PointSummary]) -> list[float]:
    """Of one point its blocks'; of several, which were measured apart from each other, a mean each."""
    of_blocks = [[math.log(value) for value in block_energies(point, "baseline")] for point in points]
    if len(points) == 1:
        return of_blocks[0]
    return [math.fsum(values) / len(values) for values in of_blocks]


def _row(
    points: Sequence[PointSummary],
    logs: Sequence[float],
    unit: Sequence[Sequence[float]] | None,
    rank: int,
    *,
    published: PublishedTask | None,
    reference: PublishedTask | None,
    published_rank: int | None,
) -> TaskEnergy:
    first = points[0]
    scored = next((point for point in points if point.baseline_score is not None), None)
    multiple = theirs = None
    if unit is not None:
        pooled = [value for values in unit for value in values]
        own = list(logs) == pooled
        multiple = Interval(1.0) if own else welch_interval([list(logs)], [pooled]).through(math.exp)
    if published is not None and reference is not None:
        of = reference.median_wh_per_query
        theirs = Interval(
            published.median_wh_per_query / of, published.low_wh_per_query / of, published.high_wh_per_query / of
        )
    return TaskEnergy(
        task=first.task,
        model=first.model,
        batch_size=first.baseline_batch_size,
        energy_per_query_j=math.exp(math.fsum(logs) / len(logs)),
        multiple=multiple,
        rank=rank,
        distinct_queries=min((each for point in points if (each := point.distinct_queries) is not None), default=None),
        score=None if scored is None else scored.baseline_score,
        metric=None if scored is None else scored.metric,
        published=published,
        published_multiple=theirs,
        published_rank=published_rank,
    )


def _rank_correlation(rows: Sequence[TaskEnergy]) -> float | None:
    ours: dict[str, list[float]] = {}
    for row in rows:
        if row.published is not None:
            ours.setdefault(row.published.task, []).append(row.energy_per_query_j)
    if len(ours) < FEWEST_TASKS:
        return None
    theirs = {row.published.task: row.published.median_wh_per_query for row in rows if row.published is not None}
    from scipy import stats  # most of a second of imports that other reports need not pay

    found = stats.spearmanr([median(values) for values in ours.values()], [theirs[task] for task in ours]).statistic
    return None if math.isnan(found) else float(found)
