"""One row a figure: what was found, what it should be, and whether it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A figure beside its target. ``met`` is None where there is no target, or no figure."""

    name: str
    figure: str
    target: str = ""
    met: bool | None = None

    @property
    def outcome(self) -> str:
        return {None: "", True: "met", False: "missed"}[self.met]


def text(rows: Iterable[Row]) -> str:
    """The rows as a plain table."""
    cells = [("figure", "found", "target", "")]
    cells += [(row.name, row.figure, row.target, row.outcome) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * len(max(lines, key=len)), *lines[1:]])


def percent(share: float, digits: int = 2) -> str:
    """A signed share in per cent."""
    return f"{100 * share:+.{digits}f} %"
