"""Blocks of windows to ratios: what the stopping rule looks at while measuring and what the analysis reports."""

from __future__ import annotations

import math
from collections.abc import Sequence

from suite.record.schema import Arm, Window
from suite.stats.interval import LEVEL, Interval, mean_interval


def whole_blocks(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows by block, in order; a block that lacks one of the arms says nothing about a ratio and is left out."""
    blocks: dict[int, list[Window]] = {}
    for window in windows:
        blocks.setdefault(window.block, []).append(window)
    whole = [blocks[number] for number in sorted(blocks)]
    return [block for block in whole if {window.arm for window in block} == {"baseline", "candidate"}]


def block_ratios(windows: Sequence[Window], component: str, idle_power_w: float = 0.0) -> list[float] | None:
    """Ratio of energy per query, candidate to baseline, one a block.

    Args:
        windows: of both arms.
        component: whose energy is compared.
        idle_power_w: taken off each window for its duration; 0 gives the gross ratio.

    Returns:
        None if any block's energy is not a positive number: no ratio can be formed, and leaving that
        block out would flatter the rest.
    """
    ratios = []
    for block in whole_blocks(windows):
        candidate = _net_per_query(block, "candidate", component, idle_power_w)
        baseline = _net_per_query(block, "baseline", component, idle_power_w)
        if not (_positive(candidate) and _positive(baseline)):
            return None
        ratios.append(candidate / baseline)
    return ratios


def paired_ratio(
    windows: Sequence[Window], component: str, idle_power_w: float = 0.0, level: float = LEVEL
) -> Interval | None:
    """Energy per query of the candidate over that of its paired baseline; below 1 is a saving.

    Returns:
        Without ends for a single block; None where there is no whole block, or ``block_ratios`` can form no ratio.
    """
    return ratio_interval(block_ratios(windows, component, idle_power_w) or [], level)


def ratio_interval(ratios: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Geometric mean of the blocks' ratios with the Student-t interval of their logarithms.

    Returns:
        Without ends for a single block; None for no blocks.
    """
    interval = mean_interval([math.log(value) for value in ratios], level)
    if interval is None:
        return None
    return Interval(ratios[0]) if len(ratios) == 1 else interval.through(math.exp)


def _net_per_query(block: Sequence[Window], arm: Arm, component: str, idle_power_w: float) -> float:
    chosen = [window for window in block if window.arm == arm]
    queries = sum(window.queries for window in chosen)
    if queries == 0 or any(component not in window.energy_j for window in chosen):
        return math.nan
    net = math.fsum(window.energy_j[component] - idle_power_w * window.duration_s for window in chosen)
    return net / queries


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def headline_component(windows: list[Window]) -> str | None:
    """The component whose energy is the headline: ``gpu`` where a counter was read, else ``cpu``.

    None where neither was read in every window.
    """
    for component in ("gpu", "cpu"):
        if windows and all(component in window.energy_j for window in windows):
            return component
    return None
