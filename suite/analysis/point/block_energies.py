"""Joules a query of one arm, one figure a block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from suite.analysis.point.seen_windows import SeenWindow
from suite.record.schema import Arm

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary


def block_energies(point: PointSummary, arm: Arm) -> list[float]:
    """Of the blocks that are used: whole ones that did not hang. In their order."""
    blocks: dict[int, list[SeenWindow]] = {}
    for window in point.windows.get(arm, []):
        blocks.setdefault(window.block, []).append(window)
    other: Arm = "candidate" if arm == "baseline" else "baseline"
    paired = {window.block for window in point.windows.get(other, [])}
    return [
        _per_query_j(blocks[number]) for number in sorted((blocks.keys() & paired).difference(point.left_out_blocks))
    ]


def _per_query_j(windows: Sequence[SeenWindow]) -> float:
    """All the energy of ``windows`` over all their queries."""
    energy_j = math.fsum(window.energy_per_query_j * window.queries for window in windows)
    return energy_j / sum(window.queries for window in windows)
