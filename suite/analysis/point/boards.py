"""Which GPUs worked, as the meter described them; older records name none."""

from __future__ import annotations

from typing import Any


def board_names(environment: dict[str, Any]) -> list[str]:
    """The names of the GPUs in use, in the order of a record's ``board_energy_j``; ``environment`` is the record's."""
    meter = environment.get("meter")
    boards = meter.get("boards") if isinstance(meter, dict) else None
    if not isinstance(boards, dict):
        return []
    return [str(board.get("name")) for board in boards.values() if isinstance(board, dict)]
