"""What a use takes from a run: the baseline that stands for each of its tasks, and the point of a technique."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from suite.analysis.results.reader import read_results
from suite.analysis.results.run_results import RunResults
from suite.analysis.summary import PointSummary
from suite.errors import InputError
from suite.footprint.run_baseline import baselines_like, default_baselines, task_name
from suite.footprint.subject import is_real
from suite.io.paths import CONF
from suite.plugins.conf_folders import options
from suite.text.suggest import did_you_mean, question


@dataclasses.dataclass(frozen=True, kw_only=True)
class FromRun:
    """What a run gives to a use, by the task's name in the use; a task that it does not hold is absent.

    Attributes:
        baselines: of each task the points that share the baseline.
        treated: of each task the point of the technique.
        notes: what to know of the run's results.
    """

    baselines: Mapping[str, Sequence[PointSummary]] = dataclasses.field(default_factory=dict)
    treated: Mapping[str, PointSummary] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def from_run(
    folder: Path,
    tasks: Mapping[str, str | None],
    *,
    technique: str | None,
    point_ids: Sequence[str],
    own: Collection[str],
) -> FromRun:
    """What ``runs/NAME`` or ``reports/NAME`` gives.

    Args:
        folder: the run.
        tasks: the run's task by that of the use; None where none can stand for it.
        technique: a stack's names joined by ``+``; None for none.
        point_ids: a task of which they name points has only these; first digits do.
        own: tasks whose energies come from the run as well.

    Raises:
        InputError: the run cannot be read, holds none of this, or several of its points or models fit a task.
    """
    results = run_points(folder)
    points, named = results.points, {task: name for task, name in tasks.items() if name is not None}
    _refuse_unknown_tasks({task: name for task, name in named.items() if task in own or name != task}, points)
    _refuse_unknown_ids(points, point_ids)
    found = {task: point_for(points, name, technique, point_ids) for task, name in named.items()} if technique else {}
    treated = {task: point for task, point in found.items() if point is not None}
    baselines = _baselines(points, {task: named[task] for task in named if task in own}, treated, point_ids)
    if not (treated if technique else baselines):
        got = f"mitigation={technique or 'none'} for {', '.join(tasks)}"
        remedy = f"{_other_order(technique, points)}{folder} has {_content(points)}"
        raise InputError("the run holds none of this", got=got, remedy=remedy)
    return FromRun(baselines=baselines, treated=treated, notes=results.notes)


def says_what_a_query_takes(point: PointSummary) -> bool:
    """Whether the point has an energy of a query of this world, without a technique."""
    return point.phase == "inference" and is_real(point) and (point.baseline_energy_per_query_j or 0) > 0


def run_points(folder: Path) -> RunResults:
    """The results in ``runs/NAME`` or ``reports/NAME``, of the points that say what a query takes.

    Raises:
        InputError: no such folder, no readable record in it, or no such point.
    """
    found = read_results(folder, g_co2e_per_kwh=None, without=("windows",))
    points = tuple(each for each in found.points if says_what_a_query_takes(each))
    if not points:
        what = "the run has no energy of a query that was measured or estimated"
        raise InputError(what, got=str(folder), remedy="measure it first, with meter=codecarbon")
    return dataclasses.replace(found, points=points)


def point_for(
    points: Sequence[PointSummary], task: str, technique: str, point_ids: Sequence[str]
) -> PointSummary | None:
    """The one point of a task and technique; None where the run has none.

    Args:
        points: of the run.
        task: the run's, without what a label adds.
        technique: the stack's names joined by ``+``.
        point_ids: where they name points of the task, only these.

    Raises:
        InputError: several points fit.
    """
    mine = _named(points, task, point_ids) or [point for point in points if task_name(point) == task]
    left = [point for point in mine if point.mitigation == technique]
    if len(left) > 1:
        raise _several(f"several points of {task} fit", technique, left)
    return left[0] if left else None


def _baselines(
    points: Sequence[PointSummary],
    tasks: Mapping[str, str],
    treated: Mapping[str, PointSummary],
    point_ids: Sequence[str],
) -> dict[str, list[PointSummary]]:
    """The technique's own baseline where there is one, else that of the points named, else of the smallest batch."""
    found = {}
    for task, name in tasks.items():
        chosen = [treated[task]] if task in treated else _named(points, name, point_ids)
        choices = baselines_like(points, chosen) if chosen else default_baselines(points, name)
        if len(choices) > 1:
            firsts = [members[0] for members in choices]
            raise _several(f"several models, machines or settings of {name} fit", "no technique", firsts)
        if choices:
            found[task] = choices[0]
    return found


def _named(points: Sequence[PointSummary], task: str, point_ids: Sequence[str]) -> list[PointSummary]:
    return [point for point in points if task_name(point) == task and point.point_id.startswith(tuple(point_ids))]


def _several(what: str, got: str, points: Sequence[PointSummary]) -> InputError:
    choices = ", ".join(
        f"{each.point_id} ({each.task}, {each.model}, {each.workload}, batch {each.baseline_batch_size}, {each.dtype}, "
        f"{each.hardware}, {each.mitigation_params})"
        for each in points
    )
    return InputError(what, got=got, remedy=f"name point_ids=[…], of {choices}")


def _refuse_unknown_tasks(tasks: Mapping[str, str], points: Sequence[PointSummary]) -> None:
    known = dict.fromkeys([*options("task", [CONF]), *map(task_name, points)])
    for task, name in tasks.items():
        if name not in known:
            remedy = f"{did_you_mean(name, known)}name the run's task, scenario.run_tasks.{task}=NAME, or null for none"
            raise InputError("the scenario has a task that no run can have", got=name, remedy=remedy)


def _refuse_unknown_ids(points: Sequence[PointSummary], point_ids: Sequence[str]) -> None:
    for each in point_ids:
        if not any(point.point_id.startswith(each) for point in points):
            remedy = f"name one of {', '.join(point.point_id for point in points)}"
            raise InputError("no point of the run with an energy of a query has this id", got=each, remedy=remedy)


def _other_order(technique: str | None, points: Sequence[PointSummary]) -> str:
    """The same stack as the run has it, as a question that ends in a space; empty where it has none."""
    names = sorted((technique or "").split("+"))
    same = [point.mitigation for point in points if sorted(point.mitigation.split("+")) == names]
    return question(f"mitigation=[{stack.replace('+', ',')}]" for stack in same[:1] if stack != technique)


def _content(points: Sequence[PointSummary]) -> str:
    return "; ".join(
        f"{task}: {', '.join(dict.fromkeys(point.mitigation for point in points if point.task == task))}"
        for task in dict.fromkeys(point.task for point in points)
    )
