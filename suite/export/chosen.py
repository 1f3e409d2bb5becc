"""The points of a run that another tool is told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from suite.analysis.results.reader import read_results
from suite.analysis.summary import PointSummary
from suite.errors import InputError
from suite.footprint.subject import is_real

ARMS = ("baseline", "candidate")


def chosen_points(
    folder: Path,
    *,
    g_co2e_per_kwh: float,
    point_id: str | None = None,
    mitigation: str | None = None,
    task: str | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> list[PointSummary]:
    """Points of ``runs/NAME`` or ``reports/NAME`` whose energy was measured or estimated, and that the choices leave.

    Args:
        folder: of the run.
        g_co2e_per_kwh: intensity that the carbon counts with.
        point_id: of one point; its first digits do.
        mitigation: the stack's names joined by ``+``; ``none`` is the baseline.
        task: of the points.
        note: told a line for each record that cannot be read, and where results are another version's of the analysis.

    Raises:
        InputError: no such run, or no such point in it.
    """
    found = read_results(folder, g_co2e_per_kwh=g_co2e_per_kwh)
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
    if not left:
        wanted = {"point": point_id, "mitigation": mitigation, "task": task}
        got = {name: value for name, value in wanted.items() if value is not None} or str(folder)
        raise InputError("no point with measured or estimated energy fits", got=got, remedy=_remedy(points))
    return left


def _remedy(points: Sequence[PointSummary]) -> str:
    if not points:
        return "measure it first, with meter=codecarbon"
    names, tasks = dict.fromkeys(point.mitigation for point in points), dict.fromkeys(point.task for point in points)
    return f"the run has mitigation {', '.join(names)}; task {', '.join(tasks)}"
