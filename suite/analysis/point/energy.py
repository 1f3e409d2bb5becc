"""Energy of a point: per query, and as a ratio of the candidate to its paired baseline."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal, get_args

from suite.record.schema import Arm, Idle, Window
from suite.stats.interval import Interval
from suite.stats.paired import every_block_ratio, headline_component, per_query, ratio_interval, used_blocks

Basis = Literal["measured", "estimated", "simulated", "replayed"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Headline:
    """Which component speaks for the point, and what its figure is: measured, estimated, simulated or replayed."""

    component: str
    basis: Basis
    method: str


def basis_of(method: str) -> Basis:
    """What stands before the colon; ``estimated`` where that is no basis, so that nothing passes as measured."""
    return next((basis for basis in get_args(Basis) if method.startswith(f"{basis}:")), "estimated")


def headline(windows: Sequence[Window]) -> Headline | None:
    """The headline component of ``windows``.

    Returns:
        None where no component was read in every window, or not in all on the same basis: measured and
        estimated joules are never summed.
    """
    component = headline_component(list(windows))
    if component is None:
        return None
    methods = {window.method.get(component, "") for window in windows}
    bases = {basis_of(method) for method in methods}
    if len(bases) != 1:
        return None
    return Headline(component=component, basis=bases.pop(), method=" / ".join(sorted(methods)))


def used_windows(windows: Sequence[Window], component: str) -> list[Window]:
    """Windows that the point's figures are made of: those of whole blocks in which the machine did not hang."""
    return [window for block in used_blocks(windows, component) for window in block]


def energy_per_query(windows: Sequence[Window], arm: Arm, component: str) -> float | None:
    """Joules a query of one arm: the geometric mean over its blocks, so that the two arms' have the point's ratio.

    Where a block used nothing there is no geometric mean; then it is all energy over all queries. None where nothing
    was run or read.
    """
    chosen = [window for window in windows if window.arm == arm]
    queries = sum(window.queries for window in chosen)
    if queries == 0 or any(component not in window.energy_j for window in chosen):
        return None
    total_j = math.fsum(window.energy_j[component] for window in chosen)
    found = per_query(windows, arm, component)
    return total_j / queries if found is None else found


def tokens_per_query(windows: Sequence[Window], arm: Arm) -> float | None:
    """Mean number of tokens that one arm wrote for a query; None where it wrote none, or they were not counted."""
    chosen = [window for window in windows if window.arm == arm]
    counts = [window.tokens for window in chosen if window.tokens is not None]
    if len(counts) < len(chosen) or not sum(counts):
        return None
    return sum(counts) / sum(window.queries for window in chosen)


def energy_per_token(
    windows: Sequence[Window], arm: Arm, component: str, input_tokens: float | None = 0.0
) -> float | None:
    """Joules of one arm a token that it wrote, or a token of input and answer together.

    Args:
        windows: of both arms.
        arm: which.
        component: whose energy.
        input_tokens: of a query, counted beside those of its answer.

    Returns:
        None where the energy, the tokens written or those of the input are not known.
    """
    per_query_j, written = energy_per_query(windows, arm, component), tokens_per_query(windows, arm)
    if per_query_j is None or written is None or input_tokens is None:
        return None
    return per_query_j / (input_tokens + written)


def idle_power(idle: Idle | None, component: str) -> float | None:
    """Idle power of ``component`` in watts; None where it was not read. An estimate has no idle share."""
    if idle is None or component not in idle.power_w:
        return None
    return None if basis_of(idle.method.get(component, "")) == "estimated" else idle.power_w[component]


def net_ratio(windows: Sequence[Window], idle: Idle | None, component: str) -> Interval | None:
    """The ratio with the idle power taken off both arms, over all blocks of ``windows``.

    The estimate takes the mean of the idle power before and after the blocks. The interval also holds what is not
    known of the idle power itself: it is the union of the intervals with the power before and with the power after,
    where both are known.

    Returns:
        None where idle power was not read, or a block used no more than that. The ends are None for fewer than two
        blocks, or where that is so with one of the two powers: nothing bounds the ratio then.
    """
    mean_w = idle_power(idle, component)
    if idle is None or mean_w is None:
        return None
    found = _ratio(windows, component, mean_w)
    if found is None:
        return None
    powers_w = {mean_w} | {power_w[component] for power_w in (idle.before_w, idle.after_w) if component in power_w}
    every = [_ratio(windows, component, power_w) for power_w in powers_w]
    ends = [(one.low, one.high) for one in every if one and one.low is not None and one.high is not None]
    if len(ends) < len(every):
        return Interval(found.estimate)
    return Interval(found.estimate, min(low for low, _ in ends), max(high for _, high in ends))


def _ratio(windows: Sequence[Window], component: str, idle_w: float) -> Interval | None:
    return ratio_interval(every_block_ratio(windows, component, idle_w) or [])


def net_per_query(windows: Sequence[Window], arm: Arm, component: str, idle_w: float | None) -> float | None:
    """Joules a query of one arm, less the idle power for as long as its windows lasted; None where not above 0."""
    return None if idle_w is None else per_query(windows, arm, component, idle_w)
