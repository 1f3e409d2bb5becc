"""How energy per query grows or falls with one number of the configuration, everything else alike.

A family is a set of points that differ in one knob: the batch size, or a number of the task such as the tokens of a
prompt. Its first curve is the baseline's; each technique, and each set of its parameters, has one of its own.

The baseline's energy at a value of the knob is the mean over the points that were measured there. A technique's is
its paired ratio times that mean, so that what drifts between points moves no curve against another. A technique that
was seen to change the batch size and nothing else is the unmodified model at another batch size: its ratio times its
own baseline is a reading of the baseline's curve, taken where that batch size was not measured as a baseline.

The exponent b of energy ~ knob^b is the slope of log energy over log knob by least squares with the Student-t
interval of a slope, n - 2 degrees of freedom: at least three values. How sure each reading is plays no part in it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from suite.analysis.summary import PointSummary
from suite.record.dotted_keys import flatten
from suite.record.hashing import WITHOUT_FIGURES, without_words
from suite.stats.interval import LEVEL, Interval, around, mean_interval, t_quantile
from suite.text.labels import key_of

BATCH_SIZE = "batch_size"
FEWEST_FOR_A_LINE, FEWEST_FOR_AN_EXPONENT = 2, 3
_SCORING = frozenset({"margin", "max_scored", "seed", "window_bytes", "windows_per_source"})
"""Numbers of a task that say what is scored, not what a query is: no knobs, but alike in a family."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """Joules a query at one value of the knob.

    Attributes:
        value: of the knob.
        energy_j: with the interval of the paired ratio for a technique. For the baseline with that of the mean of
            several points, or over the blocks of a single one.
        joined: whether it is that of a technique which changes the batch size alone, put on the baseline's curve.
    """

    value: float
    energy_j: Interval
    joined: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """The readings of one arm, by rising value.

    Attributes:
        technique: a point of it; None for the baseline.
        readings: at least two.
        exponent: None for fewer than three values.
    """

    technique: PointSummary | None
    readings: tuple[Reading, ...]
    exponent: Interval | None

    @property
    def doubling(self) -> Interval | None:
        """What energy per query is multiplied by where the knob is doubled."""
        return self.exponent.through(lambda exponent: 2**exponent) if self.exponent else None

    @property
    def end_to_end(self) -> float:
        """Energy per query at the largest value over that at the smallest."""
        return self.readings[-1].energy_j.estimate / self.readings[0].energy_j.estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Family:
    """Curves over one knob, everything else alike.

    Attributes:
        knob: ``batch_size`` or a key of the task's configuration, nested ones joined by dots.
        example: one of its points, for what all share.
        curves: the baseline's first.
    """

    knob: str
    example: PointSummary
    curves: tuple[Curve, ...]


class _Member(NamedTuple):
    """A point at a value of the knob, which both of its arms were configured with."""

    value: float
    point: PointSummary


def families(points: Iterable[PointSummary]) -> list[Family]:
    """Every family among ``points``, in order of appearance."""
    members: dict[tuple[Any, ...], list[_Member]] = {}
    for point in points:
        if not _is_usable(point):
            continue
        settings = point.config.get("task")
        task = flatten(without_words(settings)) if isinstance(settings, dict) else {}
        shared = _shared(point, bool(task))
        for knob, value in {BATCH_SIZE: point.baseline_batch_size, **_numbers(task)}.items():
            rest = {key: other for key, other in task.items() if key != knob}
            batch = None if knob == BATCH_SIZE else point.baseline_batch_size
            key = (knob, shared, msgspec.json.encode(rest, order="sorted"), batch)
            members.setdefault(key, []).append(_Member(value, point))
    found = [_family(key[0], each) for key, each in members.items()]
    return [family for family in found if family is not None]


def exponent(readings: Sequence[Reading]) -> Interval | None:
    """The slope of log energy over log value with its interval; None for fewer than three values."""
    if len(readings) < FEWEST_FOR_AN_EXPONENT:
        return None
    values, energies = zip(*((reading.value, reading.energy_j.estimate) for reading in readings), strict=True)
    (slope, _), covariance = np.polyfit(np.log(values), np.log(energies), 1, cov=True)
    reach = t_quantile(LEVEL, len(readings) - 2) * math.sqrt(covariance[0, 0])
    return around(float(slope), reach)


def _is_usable(point: PointSummary) -> bool:
    figures = (point.energy_ratio, point.baseline_energy_per_query_j)
    return point.status == "ok" and all(figure is not None and figure > 0 for figure in figures)


def _numbers(task: Mapping[str, Any]) -> dict[str, float]:
    """Knobs of the task: numbers above 0, which have a logarithm."""
    return {
        key: value
        for key, value in task.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and key not in _SCORING
    }


def _shared(point: PointSummary, task_is_known: bool) -> bytes:
    """All that points of a family share but for the task's settings and the batch size.

    The task's label names what the user changed in its settings, so only its name is taken where these are known.
    """
    apart = WITHOUT_FIGURES | {"mitigation", "task", BATCH_SIZE}
    config = {key: value for key, value in point.config.items() if key not in apart}
    task = key_of(point.task) if task_is_known else point.task
    model = [task, point.model, point.phase, point.workload, point.dtype, point.runtime]
    identity = [point.run, *model, point.device, point.hardware]
    return msgspec.json.encode([identity, point.component, point.method, config], order="sorted")


def _family(knob: str, members: Sequence[_Member]) -> Family | None:
    by_value: dict[float, list[PointSummary]] = {}
    for member in members:
        by_value.setdefault(member.value, []).append(member.point)
    baseline = {value: _baseline(value, points) for value, points in by_value.items()}
    joined = _joined(members, baseline) if knob == BATCH_SIZE else {}
    first = _curve(None, joined | baseline)
    curves = [first, *(_curve(points, _techniques(points, baseline)) for points in _by_technique(knob, members))]
    kept = [curve for curve in curves if curve is not None]
    return Family(knob=knob, example=members[0].point, curves=tuple(kept)) if first is not None else None


def _curve(points: Mapping[float, PointSummary] | None, readings: Mapping[float, Reading]) -> Curve | None:
    if len(readings) < FEWEST_FOR_A_LINE:
        return None
    ordered = tuple(readings[value] for value in sorted(readings))
    technique = next(iter(points.values())) if points else None
    return Curve(technique=technique, readings=ordered, exponent=exponent(ordered))


def _by_technique(knob: str, members: Sequence[_Member]) -> list[dict[float, PointSummary]]:
    """Points of each technique by value. One that changes the batch size itself has no curve over it."""
    found: dict[bytes, dict[float, PointSummary]] = {}
    for value, point in members:
        if point.mitigations and not (knob == BATCH_SIZE and point.batch_size != point.baseline_batch_size):
            stack = msgspec.json.encode(point.mitigations, order="sorted")
            found.setdefault(stack, {}).setdefault(value, point)
    return list(found.values())


def _techniques(points: Mapping[float, PointSummary], baseline: Mapping[float, Reading]) -> dict[float, Reading]:
    return {value: _paired(value, point, baseline[value]) for value, point in points.items()}


def _paired(value: float, point: PointSummary, baseline: Reading, *, joined: bool = False) -> Reading:
    """The point's ratio, with its interval, times the mean of the baseline it was paired with."""
    assert point.energy_ratio is not None
    ratio = Interval(point.energy_ratio, point.energy_ratio_low, point.energy_ratio_high)
    energy_j = ratio.through(lambda each: each * baseline.energy_j.estimate)
    return Reading(value=value, energy_j=energy_j, joined=joined)


def _joined(members: Sequence[_Member], baseline: Mapping[float, Reading]) -> dict[float, Reading]:
    """Readings of techniques that change the batch size alone, by that size; of two, that of the nearer baseline."""
    alone = [
        (float(point.batch_size), value, point)
        for value, point in members
        if point.batch_size and _changes_batch_size_alone(point)
    ]
    nearest_last = sorted(alone, key=lambda each: -abs(math.log(each[0] / each[1])))
    return {size: _paired(size, point, baseline[value], joined=True) for size, value, point in nearest_last}


def _changes_batch_size_alone(point: PointSummary) -> bool:
    """Whether both arms were seen to differ in the batch size only, and the technique's proof shows nothing else."""
    baseline, candidate = point.effect.get("baseline") or {}, point.effect.get("candidate") or {}
    differing = {key for key in baseline | candidate if baseline.get(key) != candidate.get(key)}
    proofs = (point.effect.get("proof") or {}).values()
    return differing == {BATCH_SIZE} and not any(proof.keys() - {"before", "after"} for proof in proofs)


def _baseline(value: float, points: Sequence[PointSummary]) -> Reading:
    energies = [point.baseline_energy_per_query_j for point in points if point.baseline_energy_per_query_j is not None]
    mean_j = math.fsum(energies) / len(energies)
    spread = mean_interval([math.log(energy_j) for energy_j in (energies if len(energies) > 1 else _blocks(points[0]))])
    ratio = around(0.0, spread.half_width if spread else None).through(math.exp)
    return Reading(value=value, energy_j=ratio.through(lambda each: each * mean_j))


def _blocks(point: PointSummary) -> list[float]:
    """Joules a query of the baseline, one figure a block that is used; empty where a window used nothing."""
    blocks: dict[int, list[tuple[float, float]]] = {}
    for window in (each for each in point.windows.get("baseline", []) if each.block not in point.left_out_blocks):
        blocks.setdefault(window.block, []).append((window.energy_per_query_j * window.queries, window.queries))
    found = [math.fsum(j for j, _ in block) / sum(queries for _, queries in block) for block in blocks.values()]
    return found if all(energy_j > 0 for energy_j in found) else []
