"""Where a technique starts or stops to save, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from suite.analysis.run.crossover import Cell, Row
from suite.stats.crossing import Crossing, Side
from suite.text import numbers as text
from suite.text.i18n import N_, _

DIGITS = 2
"""A crossover between two measured batch sizes is known no better."""
AT: dict[Side, str] = {
    "below": N_("saves at {size}"),
    "above": N_("costs energy at {size}"),
    "unresolved": N_("not resolved at {size}"),
}
EVERYWHERE: dict[Side, str] = {
    "below": N_("saves everywhere from {first} to {last}"),
    "above": N_("costs energy everywhere from {first} to {last}"),
}
NOWHERE = N_("no interval from {first} to {last} is clear of no change")
EITHER_SIDE: dict[Side, str] = {
    "below": N_("between {low} and {high}; saves on either side"),
    "above": N_("between {low} and {high}; costs energy on either side"),
}


class Line(NamedTuple):
    """``figure`` is the answer: a batch size with its interval, or a word; ``note`` says what was measured."""

    figure: str
    note: str


def crossover_lines(row: Row) -> tuple[Line, ...]:
    """What may be said of the row's crossovers, a line each; at least one."""
    cells = [cell for cell in row.cells if cell.ratio is not None]
    if not row.stretches:
        return (Line(text.NOTHING, _("an interval at one batch size only")),)
    ends = {"first": text.value(cells[0].batch_size), "last": text.value(cells[-1].batch_size)}
    if all(cell.finding == "no-detectable-change" for cell in cells):
        return (Line(_("no crossover"), _("no detectable change from {first} to {last}").format(**ends)),)
    if not row.crossings:
        return (Line(_("no crossover"), _(EVERYWHERE[row.stretches[0].side]).format(**ends)),)
    return tuple(_line(crossing, cells) for crossing in row.crossings)


def _line(crossing: Crossing, cells: list[Cell]) -> Line:
    before, after = crossing.before, crossing.after
    if before is None and after is None:
        ends = {"first": text.value(cells[0].batch_size), "last": text.value(cells[-1].batch_size)}
        return Line(_("not resolved"), _(NOWHERE).format(**ends))
    if before is not None and before == after:
        low, high = _size(crossing.low), _size(crossing.high)
        return Line(_("not resolved"), _(EITHER_SIDE[before]).format(low=low, high=high))
    low = _size(crossing.low) or _below(cells)
    high = _size(crossing.high) or _beyond(cells)
    return Line(f"{_estimate(crossing, cells)} [{low}, {high}]".lstrip(), _measured(crossing, cells))


def _estimate(crossing: Crossing, cells: list[Cell]) -> str:
    """The batch size; which end it lies beyond; or nothing, where the ratio passes 1 several times."""
    if crossing.estimate is not None:
        return _size(crossing.estimate)
    if crossing.after is None and _is_like(cells[-1], crossing.before):
        return _beyond(cells)
    return _below(cells) if crossing.before is None and _is_like(cells[0], crossing.after) else ""


def _is_like(cell: Cell, side: Side | None) -> bool:
    """Whether the estimate of the cell alone is on that side."""
    assert cell.ratio is not None
    return cell.ratio.estimate < 1 if side == "below" else cell.ratio.estimate > 1


def _measured(crossing: Crossing, cells: list[Cell]) -> str:
    """The batch sizes next to the crossover at which the side is beyond doubt, or that at which it is not."""
    start, end = crossing.low, crossing.high
    left = cells[0] if start is None else _last(cells, lambda cell: cell.batch_size <= start)
    right = cells[-1] if end is None else _last(cells[::-1], lambda cell: cell.batch_size >= end)
    sides = (crossing.before or "unresolved", crossing.after or "unresolved")
    words = [_(AT[side]).format(size=cell.batch_size) for side, cell in zip(sides, (left, right), strict=True)]
    return "; ".join(words)


def _last(cells: list[Cell], chosen: Callable[[Cell], bool]) -> Cell:
    return [cell for cell in cells if chosen(cell)][-1]


def _size(size: float | None) -> str:
    return "" if size is None else text.significant(size, DIGITS)


def _below(cells: list[Cell]) -> str:
    return _("below {size}").format(size=cells[0].batch_size)


def _beyond(cells: list[Cell]) -> str:
    return _("beyond {size}").format(size=cells[-1].batch_size)
