"""Energy per query component by component. Figures of two components, or got in two ways, are never added."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import get_args

from suite.analysis.point.energy import Basis, basis_of
from suite.analysis.summary import PointSummary

ORDER = ("gpu", "cpu", "ram")
"""Columns from left to right; components of other names follow."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    """One technique in one column.

    Attributes:
        point: whose energy it is.
        energy_j: joules a query of the technique.
        baseline_j: of the baseline that it was measured with; None where that was not read.
        idle_j: the part of ``energy_j`` that the component draws at rest, for as long as a query takes; None where
            the power at rest was not measured.
    """

    point: PointSummary
    energy_j: float
    baseline_j: float | None
    idle_j: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """All figures of one component that were got on one basis, so that they may be compared with each other.

    Attributes:
        component: ``gpu``, ``cpu``, ``ram`` or another name of the records.
        basis: measured, estimated, simulated or replayed.
        methods: how the figures were got; several where points of one basis differ.
        baseline_j: joules a query of the baseline, the mean over the points; None where none was read.
        baseline_idle_j: its idle part; None unless it is known for all of them.
        bars: one a point.
    """

    component: str
    basis: Basis
    methods: tuple[str, ...]
    baseline_j: float | None
    baseline_idle_j: float | None
    bars: tuple[Bar, ...]


def is_estimate_beside_gpu(point: PointSummary, component: str) -> bool:
    """Whether a point's figure of a component is estimated CPU energy beside a GPU's that was read.

    CPU time times TDP says nothing there: a thread that only waits for the GPU counts like one that works.
    """
    method = point.methods.get(component, "")
    return component == "cpu" and point.component == "gpu" and basis_of(method) == "estimated"


def columns(points: Sequence[PointSummary], *, with_cpu_estimate: bool) -> tuple[Column, ...]:
    """The columns of points that share a baseline; empty where no energy was read.

    A point without a headline is left out: its windows were read in more than one way. So is the estimate of the CPU
    beside a GPU, unless it is asked for.
    """
    members: dict[tuple[str, Basis], list[PointSummary]] = {}
    for point in points:
        if point.component is None:
            continue
        for component, arms in point.energy_per_query_by_component_j.items():
            is_hidden = not with_cpu_estimate and is_estimate_beside_gpu(point, component)
            if "candidate" in arms and not is_hidden:
                members.setdefault((component, basis_of(point.methods.get(component, ""))), []).append(point)
    return tuple(_column(*key, members[key]) for key in sorted(members, key=_place))


def _place(key: tuple[str, Basis]) -> tuple[int, str, int]:
    component, basis = key
    return (ORDER.index(component) if component in ORDER else len(ORDER)), component, get_args(Basis).index(basis)


def _column(component: str, basis: Basis, points: Sequence[PointSummary]) -> Column:
    arms = [point.energy_per_query_by_component_j[component] for point in points]
    return Column(
        component=component,
        basis=basis,
        methods=tuple(sorted({point.methods[component] for point in points if component in point.methods})),
        baseline_j=_mean([each["baseline"] for each in arms if "baseline" in each]),
        baseline_idle_j=_baseline_idle(component, points),
        bars=tuple(
            Bar(
                point=point,
                energy_j=each["candidate"],
                baseline_j=each.get("baseline"),
                idle_j=_idle(point, component, point.energy_per_query_j, point.net_energy_per_query_j),
            )
            for point, each in zip(points, arms, strict=True)
        ),
    )


def _idle(point: PointSummary, component: str, gross_j: float | None, net_j: float | None) -> float | None:
    """Idle power is known of the headline component alone."""
    return gross_j - net_j if component == point.component and gross_j is not None and net_j is not None else None


def _baseline_idle(component: str, points: Sequence[PointSummary]) -> float | None:
    found = [
        _idle(point, component, point.baseline_energy_per_query_j, point.baseline_net_energy_per_query_j)
        for point in points
    ]
    known = [idle_j for idle_j in found if idle_j is not None]
    return _mean(known) if len(known) == len(found) else None


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
