"""Blocks of windows to ratios: what the stopping rule looks at while measuring and what the analysis reports.

A block in which the machine hung is left out of every figure: one whose ratio is an outlier (``suite.stats.outliers``)
and differs from the others' by a factor of at least ``FAR``. It stays in the record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from suite.record.schema import Arm, Window
from suite.stats.interval import LEVEL, Estimate, Interval, clustered_mean
from suite.stats.outliers import outlying

FAR = 1.25
"""Factor by which a block's ratio differs from the others' before it can be left out. Noise of blocks that went as they
should is a few per cent; this is a machine that did something else meanwhile."""


def whole_blocks(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows by block, in order; a block that lacks one of the arms says nothing about a ratio and is left out."""
    blocks: dict[int, list[Window]] = {}
    for window in windows:
        blocks.setdefault(window.block, []).append(window)
    whole = [blocks[number] for number in sorted(blocks)]
    return [block for block in whole if {window.arm for window in block} == {"baseline", "candidate"}]


def used_blocks(windows: Sequence[Window], component: str) -> list[list[Window]]:
    """Whole blocks without those in which the machine hung, judged by the energy of ``component``."""
    blocks = whole_blocks(windows)
    left_out = set(_hung(blocks, component))
    return [block for number, block in enumerate(blocks) if number not in left_out]


def left_out_blocks(windows: Sequence[Window], component: str) -> dict[int, float]:
    """Energy ratios of the blocks that ``used_blocks`` leaves out, by the number of the block."""
    blocks = whole_blocks(windows)
    return {blocks[number][0].block: ratio for number, ratio in _hung(blocks, component).items()}


def _hung(blocks: Sequence[Sequence[Window]], component: str) -> dict[int, float]:
    """Ratios of the blocks that are outliers, by their place among ``blocks``."""
    ratios = _ratios(blocks, component, 0.0)
    if ratios is None:
        return {}
    flags = outlying([math.log(ratio) for ratio in ratios], math.log(FAR))
    return {number: ratio for number, (ratio, is_out) in enumerate(zip(ratios, flags, strict=True)) if is_out}


def block_ratios(windows: Sequence[Window], component: str, idle_power_w: float = 0.0) -> list[float] | None:
    """Ratio of energy per query, candidate to baseline, one a block that is used.

    Args:
        windows: of both arms.
        component: whose energy is compared.
        idle_power_w: taken off each window for its duration; 0 gives the gross ratio.

    Returns:
        None if any block's energy is not a positive number: no ratio can be formed, and leaving that
        block out would flatter the rest.
    """
    return _ratios(used_blocks(windows, component), component, idle_power_w)


def every_block_ratio(windows: Sequence[Window], component: str, idle_power_w: float = 0.0) -> list[float] | None:
    """As ``block_ratios``, of all whole blocks: for windows of which those that are used were chosen already."""
    return _ratios(whole_blocks(windows), component, idle_power_w)


def _ratios(blocks: Sequence[Sequence[Window]], component: str, idle_power_w: float) -> list[float] | None:
    ratios = []
    for block in blocks:
        candidate = _net_per_query(block, "candidate", component, idle_power_w)
        baseline = _net_per_query(block, "baseline", component, idle_power_w)
        if not (_positive(candidate) and _positive(baseline)):
            return None
        ratios.append(candidate / baseline)
    return ratios


def per_query(windows: Sequence[Window], arm: Arm, component: str, idle_power_w: float = 0.0) -> float | None:
    """Joules a query of one arm: the geometric mean over ``windows``' blocks, so that both arms' give their ratio.

    Args:
        windows: of whole blocks.
        arm: which.
        component: whose energy.
        idle_power_w: taken off each window for its duration.

    Returns:
        None where there are none, the component was not read, or a block has no energy above 0.
    """
    found = [_net_per_query(block, arm, component, idle_power_w) for block in whole_blocks(windows)]
    if not found or not all(_positive(value) for value in found):
        return None
    return math.exp(math.fsum(math.log(value) for value in found) / len(found))


def block_energies(
    windows: Sequence[Window], component: str, idle_power_w: float = 0.0, arm: Arm | None = None
) -> list[float] | None:
    """Joules a query, one figure a block that is used.

    Args:
        windows: of both arms.
        component: whose energy.
        idle_power_w: taken off each window for its duration.
        arm: whose; None for both together, where an arm is measured against itself.

    Returns:
        None if any block's energy is not a positive number.
    """
    found = [_net_per_query(block, arm, component, idle_power_w) for block in used_blocks(windows, component)]
    return found if all(_positive(value) for value in found) else None


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
    found = log_ratio(ratios)
    if found is None:
        return None
    return Interval(ratios[0]) if len(ratios) == 1 else found.interval(level).through(math.exp)


def log_ratio(ratios: Sequence[float]) -> Estimate | None:
    """Mean of the logarithms of the blocks' ratios; None for no blocks."""
    return clustered_mean([math.log(value) for value in ratios], range(len(ratios)))


def _net_per_query(block: Sequence[Window], arm: Arm | None, component: str, idle_power_w: float) -> float:
    """Of one arm, or of both; NaN where the component was not read."""
    chosen = [window for window in block if arm is None or window.arm == arm]
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
