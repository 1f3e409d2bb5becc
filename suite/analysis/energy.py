"""Energy of a point: per query, and as a ratio of the candidate to its paired baseline."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

from suite.blocks import ratio_interval
from suite.record import Arm, Idle, Window, headline_component

Basis = Literal["measured", "estimated"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Headline:
    """Which component speaks for the point, and whether it was measured or estimated."""

    component: str
    basis: Basis
    method: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ratio:
    """Candidate over baseline, below 1 is a saving. The ends are None for fewer than two blocks."""

    estimate: float
    low: float | None
    high: float | None


def basis_of(method: str) -> Basis:
    """``measured`` for a counter's reading, ``estimated`` for everything else."""
    return "measured" if method.startswith("measured:") else "estimated"


def headline(windows: Sequence[Window]) -> Headline | None:
    """The headline component of ``windows``.

    Returns:
        None where no component was read in every window, or where some windows measured it and others
        estimated it: the two are never summed.
    """
    component = headline_component(list(windows))
    if component is None:
        return None
    methods = {window.method.get(component, "") for window in windows}
    bases = {basis_of(method) for method in methods}
    if len(bases) != 1:
        return None
    return Headline(component=component, basis=bases.pop(), method=" / ".join(sorted(methods)))


def energy_per_query(windows: Sequence[Window], arm: Arm, component: str) -> float | None:
    """Joules a query of one arm: all its energy over all its queries. None where nothing was run or read."""
    chosen = [window for window in windows if window.arm == arm]
    queries = sum(window.queries for window in chosen)
    if queries == 0 or any(component not in window.energy_j for window in chosen):
        return None
    return math.fsum(window.energy_j[component] for window in chosen) / queries


def energy_per_token(windows: Sequence[Window], component: str) -> float | None:
    """Joules a generated token of the candidate; None where tokens were not counted."""
    chosen = [window for window in windows if window.arm == "candidate"]
    tokens = 0
    for window in chosen:
        if window.tokens is None or component not in window.energy_j:
            return None
        tokens += window.tokens
    return math.fsum(window.energy_j[component] for window in chosen) / tokens if tokens else None


def ratio(ratios: Sequence[float] | None) -> Ratio | None:
    """Geometric mean of the blocks' ratios with the 95 % Student-t interval of their logarithms."""
    if not ratios:
        return None
    interval = ratio_interval(ratios)
    if interval is None:
        return Ratio(estimate=ratios[0], low=None, high=None)
    return Ratio(estimate=interval.estimate, low=interval.low, high=interval.high)


def idle_power(idle: Idle | None, component: str) -> float | None:
    """Measured idle power of ``component`` in watts; None where it was not measured."""
    if idle is None or component not in idle.power_w:
        return None
    return idle.power_w[component] if basis_of(idle.method.get(component, "")) == "measured" else None
