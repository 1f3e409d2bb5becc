"""The point of a run that is disclosed, and what its energy covers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from suite.analysis.results.reader import read_results
from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, Tag
from suite.errors import InputError
from suite.footprint.location import Site


def fitting_points(
    run_folder: Path,
    *,
    g_co2e_per_kwh: float,
    point_id: str | None = None,
    mitigation: str | None = None,
    task: str | None = None,
    note: Callable[[str], None] = lambda line: None,
    without: Sequence[str] = (),
) -> list[PointSummary]:
    """Points of a run with energy of this world that the choices leave, at least one.

    Args:
        run_folder: the run, with its ``records``, its ``results.parquet`` or both.
        g_co2e_per_kwh: the grid's intensity.
        point_id: of one point; its first digits do.
        mitigation: the stack's names joined by ``+``; ``none`` is the baseline.
        task: of the points.
        note: told a line for each record that cannot be read, and where results are another version's of the analysis.
        without: fields of points that need not be read.

    Raises:
        InputError: no such run, no readable record, or no point with energy is left.
    """
    found = read_results(run_folder, g_co2e_per_kwh=g_co2e_per_kwh, without=without)
    for line in [*(f"record left out: {line}" for line in found.unreadable), *found.notes]:
        note(line)
    points = [point for point in found.points if point.energy_per_query_j is not None and is_real(point)]
    left = [
        point
        for point in points
        if (point_id is None or point.point_id.startswith(point_id))
        and mitigation in (None, point.mitigation)
        and task in (None, point.task)
    ]
    if left:
        return left
    wanted = {"point_id": point_id, "mitigation": mitigation, "task": task}
    got = {name: value for name, value in wanted.items() if value is not None} or str(run_folder)
    raise InputError("no point with measured or estimated energy fits", got=got, remedy=_remedy(points))


def choose_point(
    run_folder: Path,
    *,
    g_co2e_per_kwh: float,
    point_id: str | None = None,
    mitigation: str | None = None,
    task: str | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> PointSummary:
    """The one ok point of ``runs/NAME`` or ``reports/NAME`` that the choices leave.

    Args:
        run_folder: the run, with its ``records``, its ``results.parquet`` or both.
        g_co2e_per_kwh: the grid's intensity.
        point_id: of the point; its first digits do.
        mitigation: the stack's names joined by ``+``; ``none`` is the baseline.
        task: to tell points of the same technique apart.
        note: told a line where the run's results are another version's of the analysis.

    Raises:
        InputError: no such run, no readable record, or not exactly one point with energy is left.
    """
    chosen = {"point_id": point_id, "mitigation": mitigation, "task": task}
    left = fitting_points(run_folder, g_co2e_per_kwh=g_co2e_per_kwh, note=note, without=("windows",), **chosen)
    if len(left) == 1:
        return left[0]
    raise InputError(
        f"{len(left)} points with energy fit, one is needed",
        got={name: value for name, value in chosen.items() if value is not None},
        remedy=f"name point_id={' or '.join(map(_name, left))}",
    )


def _name(point: PointSummary) -> str:
    return f"{point.point_id} ({point.mitigation} on {point.task}, {point.phase}, {point.workload})"


def _remedy(points: Sequence[PointSummary]) -> str:
    if not points:
        return "measure it first, with meter=codecarbon"
    names, tasks = dict.fromkeys(point.mitigation for point in points), dict.fromkeys(point.task for point in points)
    return f"the run has mitigation {', '.join(names)}; task {', '.join(tasks)}"


def query_of(point: PointSummary) -> str:
    """What one query of the point is."""
    if point.is_whole_training:
        return "training"
    return "training sample" if point.phase == "training" else "query"


def is_real(point: PointSummary) -> bool:
    """Whether its energy is of this world: what was simulated or replayed says nothing about a use."""
    return point.energy_basis in ("measured", "estimated")


def tag_of(point: PointSummary) -> Tag:
    """How the point's energies were got."""
    return "measured" if point.energy_basis == "measured" else "estimated"


def energy_of(point: PointSummary) -> Figure:
    """Joules a query of the hardware that the point's headline counts.

    Raises:
        InputError: the point has none.
    """
    if point.energy_per_query_j is None:
        raise InputError("this point has no energy", got=point.point_id, remedy="name one that was measured")
    return Figure(
        value=point.energy_per_query_j,
        unit=f"J per {query_of(point)}",
        tag=tag_of(point),
        source=f"{point.component}: {point.method}, run {point.run}, point {point.point_id}",
        year=year_of(point),
    )


def year_of(point: PointSummary) -> int:
    """The year in which the point was measured."""
    return int(point.started_at[:4])


def boundary(point: PointSummary, site: Site) -> list[str]:
    """What the energy counts and what it leaves out, a sentence each."""
    meter = point.environment.get("meter")
    components = meter.get("components", {}) if isinstance(meter, dict) else {}
    scope = components.get(point.component, {}).get("scope")
    beside = sorted(name for name in point.energy_per_query_by_component_j if name != point.component)
    overhead = "its data centre's overhead, as PUE" if site.pue else None
    left_out = [
        *(f"{name} (read, not added)" for name in beside),
        *([] if point.component == "gpu" or "gpu" in beside else ["any accelerator"]),
        *([] if point.component == "cpu" or "cpu" in beside else ["the host's processor"]),
        "memory and storage, network, losses of the power supply, the user's device",
        *([] if overhead else ["cooling and the rest of the data centre"]),
    ]
    counted = f"Counted: the {point.component}{f' ({scope})' if scope else ''}"
    return [
        f"{counted}, during the windows of work alone{f', and {overhead}' if overhead else ''}.",
        f"Left out: {'; '.join(left_out)}; loading, warm-up and idle time between queries.",
    ]
