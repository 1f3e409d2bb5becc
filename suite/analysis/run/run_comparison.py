"""Two runs side by side: the same points, what changed, and whether it got worse.

Joules are compared only where both runs used the same hardware and got the figure in the same way. A point's own
ratio to its paired baseline is compared in any case: it is what carries over from one machine to another.

Points of two runs that differ in what is asked about, such as the device, are joined *across* it. Then nothing is a
regression, and joules are compared where both were measured: each covers the component that did the work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from suite.analysis.point.block_energies import block_energies
from suite.analysis.summary import PointSummary
from suite.errors import InputError
from suite.stats.interval import Interval, welch_ratio

Finding = Literal["energy", "ratio", "accuracy", "status", "missing"]
_IDENTITY = (
    "task",
    "model",
    "mitigation",
    "mitigation_params",
    "phase",
    "workload",
    "baseline_batch_size",
    "device",
    "dtype",
    "runtime",
    "device_map",
)
ACROSS = {
    "batch_size": "baseline_batch_size",
    "device": "device",
    "dtype": "dtype",
    "model": "model",
    "runtime": "runtime",
    "workload": "workload",
}
"""What two runs may be compared across: name for users, and field of a point."""


class PointComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One point in two runs. ``a`` or ``b`` is None where the run lacks it.

    Attributes:
        point_id: what both have in common; across something, that of the second run.
        title: task and technique, for people.
        a: the point in the first run.
        b: the point in the second run.
        same_hardware: whether joules may be compared: the same hardware, component and method; or both measured, where
            runs are compared across something.
        energy: joules a query, B over A; without ends where one of the runs has fewer than two blocks.
        ratio: ratio to the paired baseline, B over A; likewise.
        score: accuracy against the baseline in B minus that in A; above 0 is better.
        regressions: what got worse beyond the tolerance.
    """

    point_id: str
    title: str
    a: PointSummary | None
    b: PointSummary | None
    same_hardware: bool
    energy: Interval | None
    ratio: Interval | None
    score: float | None
    regressions: list[Finding]


def compare(
    a: Sequence[PointSummary],
    b: Sequence[PointSummary],
    *,
    energy_tolerance: float,
    ratio_tolerance: float,
    across: Sequence[str] = (),
) -> list[PointComparison]:
    """Joins two runs on ``point_id``, in the first run's order, then what only the second has.

    Args:
        a: the points of the first run.
        b: those of the second.
        energy_tolerance: share by which joules a query may rise before it is a regression.
        ratio_tolerance: the same for the ratio to the paired baseline.
        across: names of ``ACROSS`` in which the points of a pair may differ; then nothing is a regression.

    Raises:
        InputError: an unknown name, or several points of a run differ in nothing else.
    """
    in_a, in_b = _by_key(a, across), _by_key(b, across)
    pairs = [(in_a.get(key), in_b.get(key)) for key in in_a | in_b]
    if across:
        return [_set_side_by_side(*pair) for pair in pairs]
    return [_compared(*pair, energy_tolerance, ratio_tolerance) for pair in pairs]


def _by_key(points: Sequence[PointSummary], across: Sequence[str]) -> dict[Any, PointSummary]:
    if not across:
        return {point.point_id: point for point in points}
    unknown = [name for name in across if name not in ACROSS]
    if unknown:
        raise InputError("runs are not compared across that", got=unknown[0], remedy=f"choose {', '.join(ACROSS)}")
    fields = [name for name in _IDENTITY if name not in {ACROSS[each] for each in across}]
    found: dict[Any, PointSummary] = {}
    for point in points:
        other = found.setdefault(tuple(getattr(point, name) for name in fields), point)
        if other is not point:
            remedy = "give a run that has one of them, or fewer names to compare across"
            got = f"{point.task} · {point.mitigation} in {point.run}"
            raise InputError(f"several points of a run differ only in {', '.join(across)}", got=got, remedy=remedy)
    return found


def _set_side_by_side(a: PointSummary | None, b: PointSummary | None) -> PointComparison:
    """Two points that differ in what is compared across."""
    found = _compared(a, b, math.inf, math.inf)
    if a is None or b is None or not a.energy_basis == b.energy_basis == "measured":
        return msgspec.structs.replace(found, regressions=[])
    energy = welch_ratio(block_energies(b, "candidate"), block_energies(a, "candidate"))
    return msgspec.structs.replace(found, regressions=[], same_hardware=True, energy=energy)


def _compared(
    a: PointSummary | None,
    b: PointSummary | None,
    energy_tolerance: float,
    ratio_tolerance: float,
) -> PointComparison:
    shown = b or a
    assert shown is not None
    same = ratio = energy = score = None
    regressions: list[Finding] = ["missing"] if a is not None and a.status == "ok" and b is None else []
    if a is not None and b is not None:
        same = _comparable(a, b)
        if same:
            energy = welch_ratio(block_energies(b, "candidate"), block_energies(a, "candidate"))
        if _of_one_world(a, b):
            ratio = welch_ratio(b.block_energy_ratios, a.block_energy_ratios)
        if a.score_delta is not None and b.score_delta is not None:
            score = b.score_delta - a.score_delta
        regressions = _regressions(a, b, energy, ratio, energy_tolerance, ratio_tolerance)
    return PointComparison(
        point_id=shown.point_id,
        title=f"{shown.task} · {shown.mitigation} · {shown.workload} · batch {shown.baseline_batch_size}",
        a=a,
        b=b,
        same_hardware=bool(same),
        energy=energy,
        ratio=ratio,
        score=score,
        regressions=regressions,
    )


def _comparable(a: PointSummary, b: PointSummary) -> bool:
    return (a.hardware, a.component, a.method) == (b.hardware, b.component, b.method) and a.component is not None


def _of_one_world(a: PointSummary, b: PointSummary) -> bool:
    """Not one from a real instrument and the other from a simulated or replayed one."""
    real = ("measured", "estimated")
    return (a.energy_basis in real) == (b.energy_basis in real)


def _regressions(
    a: PointSummary,
    b: PointSummary,
    energy: Interval | None,
    ratio: Interval | None,
    energy_tolerance: float,
    ratio_tolerance: float,
) -> list[Finding]:
    found: list[Finding] = []
    if a.status == "ok" and b.status != "ok":
        found.append("status")
    if energy and energy.low is not None and energy.low > 1 + energy_tolerance:
        found.append("energy")
    if ratio and ratio.low is not None and ratio.low > 1 + ratio_tolerance:
        found.append("ratio")
    if _score_fell(a, b):
        found.append("accuracy")
    return found


def _score_fell(a: PointSummary, b: PointSummary) -> bool:
    """Whether the candidate's score fell by more than the task's margin, beyond what its interval leaves open."""
    if None in (a.score, b.score, b.score_delta_low, b.score_delta_high) or a.metric != b.metric:
        return False
    assert a.score is not None
    assert b.score is not None
    assert b.score_delta_low is not None
    assert b.score_delta_high is not None
    fell = (a.score - b.score) if b.higher_is_better else (b.score - a.score)
    return fell > max(b.margin or 0.0, (b.score_delta_high - b.score_delta_low) / 2)
