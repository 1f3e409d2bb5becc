"""Energy of a query by task: published tables, the user's own numbers, or a run of ours; and a technique's ratio."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from suite.analysis.results.reader import read_results
from suite.analysis.results.run_results import RunResults
from suite.analysis.summary import PointSummary
from suite.carbon.arithmetic import ratioed
from suite.carbon.quantity import Figure, checked
from suite.carbon.tables import read_table
from suite.errors import InputError
from suite.footprint.scenario import WH_PER_KWH
from suite.footprint.subject import energy_of, is_real, tag_of, year_of
from suite.text.suggest import did_you_mean
from suite.units import joules_to_kwh

UNIT = "Wh per query"


class PublishedEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """One published energy of a query, by task and variant (``mean``, ``median`` or a model on its hardware)."""

    task: str
    variant: str
    wh_per_query: float
    year: int
    source: str
    doubt: str

    @property
    def figure(self) -> Figure:
        """As a figure whose source says what it does not."""
        source = f"{self.variant}: {self.source}; {self.doubt}"
        return Figure(value=self.wh_per_query, unit=UNIT, tag="published", source=source, year=self.year)


def published_variants(task: str) -> list[PublishedEnergy]:
    """All that is published for a task.

    Raises:
        InputError: nothing is.
    """
    rows = read_table("published_energies.csv", PublishedEnergy)
    found = [row for row in rows if row.task == task]
    if not found:
        remedy = f"{did_you_mean(task, [row.task for row in rows])}give wh_per_query={{{task}: number}}"
        raise InputError("no energy is published for this task", got=task, remedy=remedy)
    return found


def published_energy(task: str, variant: str) -> Figure:
    """One variant of a task; a task without that variant has its mean, which its source then says.

    Raises:
        InputError: nothing is published for the task, or nobody has such a variant.
    """
    known = {row.variant for row in read_table("published_energies.csv", PublishedEnergy)}
    if variant not in known:
        raise InputError("unknown published variant", got=variant, remedy=f"give one of {', '.join(sorted(known))}")
    rows = {row.variant: row for row in published_variants(task)}
    return rows.get(variant, rows["mean"]).figure


def own_energy(task: str, wh_per_query: object, year: int) -> Figure:
    """The user's own number.

    Raises:
        InputError: it is no finite number of 0 or more.
    """
    value = checked(f"wh_per_query of {task}", wh_per_query)
    return Figure(value=value, unit=UNIT, tag="estimated", source="given by the user, not checked", year=year)


def run_points(run_folder: Path) -> RunResults:
    """The results in ``runs/NAME`` or ``reports/NAME``, of the points that say what a query takes.

    Raises:
        InputError: no such folder, no readable record in it, or no such point.
    """
    found = read_results(run_folder, g_co2e_per_kwh=None, without=("windows",))
    with_energy = [each for each in found.points if each.baseline_energy_per_query_j is not None]
    points = tuple(each for each in with_energy if each.phase == "inference" and is_real(each))
    if not points:
        what = "the run has no energy of a query that was measured or estimated"
        raise InputError(what, got=str(run_folder), remedy="measure it first, with meter=codecarbon")
    return dataclasses.replace(found, points=points)


def point_for(
    points: Iterable[PointSummary], run_task: str, mitigation: str, point_ids: Sequence[str]
) -> PointSummary | None:
    """The one point of a task and technique; None where the run has none.

    Args:
        points: of the run.
        run_task: the run's task.
        mitigation: the stack's names joined by ``+``; ``none`` is the baseline against itself.
        point_ids: where not empty, only points whose id begins with one of these.

    Raises:
        InputError: several points fit.
    """
    left = [
        point
        for point in points
        if point.task.partition("[")[0] == run_task
        and point.mitigation == mitigation
        and (not point_ids or point.point_id.startswith(tuple(point_ids)))
    ]
    if len(left) > 1:
        choices = ", ".join(
            f"{each.point_id} ({each.model}, {each.workload}, batch {each.baseline_batch_size}, {each.dtype}, "
            f"{each.mitigation_params})"
            for each in left
        )
        remedy = f"name point_ids=[…], of {choices}"
        raise InputError(f"several points of {run_task} fit", got=mitigation, remedy=remedy)
    return left[0] if left else None


def baseline_energy(point: PointSummary) -> Figure:
    """Wh a query without the technique, as this point's pair had it."""
    assert point.baseline_energy_per_query_j is not None  # run_points lets no other through
    value = joules_to_kwh(point.baseline_energy_per_query_j) * WH_PER_KWH
    source = (
        f"baseline of {point.model}, batch {point.baseline_batch_size}, on {point.hardware}; {energy_of(point).source}"
    )
    return Figure(value=value, unit=UNIT, tag=tag_of(point), source=source, year=year_of(point))


def ratio_of(point: PointSummary) -> Figure:
    """Energy of a query with the technique over that without, paired, with its interval.

    Raises:
        InputError: no whole block was measured.
    """
    if point.energy_ratio is None:
        raise InputError("this point has no energy ratio", got=point.point_id, remedy="measure it again")
    return Figure(
        value=point.energy_ratio,
        low=point.energy_ratio_low,
        high=point.energy_ratio_high,
        unit="",
        tag=tag_of(point),
        source=f"{point.mitigation} on {point.model} ({point.hardware}), run {point.run}, point {point.point_id}, "
        f"95 % interval; verdict {point.claim}",
        year=year_of(point),
    )


def with_technique(energy: Figure, ratio: Figure) -> Figure:
    """Wh a query with the technique: another's energy times a paired ratio is modelled, whoever measured the two."""
    return ratioed(energy, ratio, f"{energy.tag} energy ({energy.source}) x {ratio.tag} ratio ({ratio.source})")


def points_for(
    tasks: Mapping[str, str | None], points: Sequence[PointSummary], mitigation: str, point_ids: Sequence[str]
) -> dict[str, PointSummary]:
    """The point that stands for each task, by the task's name in the scenario; tasks without one are absent."""
    found = {task: point_for(points, run_task, mitigation, point_ids) for task, run_task in tasks.items() if run_task}
    return {task: point for task, point in found.items() if point is not None}
