"""The windows of a point as the report draws them."""

from __future__ import annotations

import msgspec

from suite.record.schema import Record


class SeenWindow(msgspec.Struct, frozen=True, array_like=True):
    """A window as the report draws it: its block, its queries, how long it took, and its joules a query.

    The energy is that of the point's headline component.
    """

    block: int
    queries: int | float
    duration_s: float
    energy_per_query_j: float


def seen_windows(record: Record, component: str) -> dict[str, list[SeenWindow]]:
    """Windows by arm, in the order they were run; ``component`` was read in all of them."""
    seen: dict[str, list[SeenWindow]] = {"baseline": [], "candidate": []}
    for window in record.windows:
        per_query_j = window.energy_j[component] / window.queries
        seen[window.arm].append(SeenWindow(window.block, window.queries, window.duration_s, per_query_j))
    return seen
