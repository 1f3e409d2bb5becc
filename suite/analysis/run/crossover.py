"""Techniques over the batch size: the energy ratio at each, and the batch size at which a technique starts to save.

A map has what shares everything but technique and batch size; both arms of a cell ran with its batch size. A
technique that sets the batch size itself has no place in it. How a crossover is found, and what its interval holds, is
told in ``suite.stats.crossing``; its readings are independent here, since every point was measured in a process of its
own against a baseline of its own. What varies from process to process and not from block to block is in no interval of
a single measurement, and so in none of these.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from suite.analysis.run.power_law import BATCH_SIZE
from suite.analysis.summary import PointSummary
from suite.analysis.verdict import EQUIVALENCE_HIGH, EQUIVALENCE_LOW
from suite.stats.crossing import Crossing, Reading, Stretch, crossings, side_of, stretches
from suite.stats.interval import Interval

Finding = Literal["saves", "costs-energy", "no-detectable-change", "unresolved", "no-interval", "not-run"]
FEWEST_BATCH_SIZES = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One technique at one batch size."""

    batch_size: int
    point: PointSummary

    @property
    def ratio(self) -> Interval | None:
        """The energy ratio with its 95 % interval; None where the point has none."""
        point = self.point
        estimate, low, high = point.energy_ratio, point.energy_ratio_low, point.energy_ratio_high
        if estimate is None or low is None or high is None or low <= 0:
            return None
        return Interval(estimate, low, high)

    @property
    def finding(self) -> Finding:
        """What its interval says of the energy alone; accuracy is the verdict's."""
        ratio = self.ratio
        if ratio is None:
            return "not-run" if self.point.energy_ratio is None else "no-interval"
        side = side_of(ratio, self.point.instrument_floor)
        if side != "unresolved":
            return "saves" if side == "below" else "costs-energy"
        low, high = ratio.ends
        is_alike = low >= EQUIVALENCE_LOW and high <= EQUIVALENCE_HIGH
        return "no-detectable-change" if is_alike else "unresolved"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One technique, or stack, with its parameters.

    Attributes:
        cells: by rising batch size, each batch size once.
        stretches: which side of 1 the ratio is on, from the smallest batch size with an interval to the largest;
            empty for fewer than two.
        crossings: its crossovers and what may be one.
    """

    cells: tuple[Cell, ...]
    stretches: tuple[Stretch, ...]
    crossings: tuple[Crossing, ...]

    @property
    def point(self) -> PointSummary:
        """One of its points, for what all share."""
        return self.cells[0].point

    @property
    def has_crossover(self) -> bool:
        """Whether it saves at some batch sizes and costs energy at others, both beyond doubt."""
        return any(crossing.is_resolved for crossing in self.crossings)

    def at(self, batch_size: int) -> Cell | None:
        """The cell of a batch size; None where the technique was not tried with it."""
        return next((cell for cell in self.cells if cell.batch_size == batch_size), None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossoverMap:
    """Rows that share all but technique and batch size.

    Attributes:
        example: one of the points that ran, for what all share.
        batch_sizes: all that any row has a ratio at, rising.
        rows: those with a ratio at one batch size at least; techniques with a crossover first, else by
            name and parameters.
    """

    example: PointSummary
    batch_sizes: tuple[int, ...]
    rows: tuple[Row, ...]


def crossover_maps(points: Iterable[PointSummary]) -> list[CrossoverMap]:
    """Every map among ``points`` in which a technique has ratios at two batch sizes or more, in order of appearance."""
    shared: dict[tuple[Any, ...], list[PointSummary]] = {}
    for point in points:
        names = [use["name"] for use in point.mitigations]
        if names and BATCH_SIZE not in names:
            shared.setdefault(_setting(point), []).append(point)
    found = [_map(members, source) for members in shared.values() for source in _sources(members)]
    return [each for each in found if any(_ratios(row) >= FEWEST_BATCH_SIZES for row in each.rows)]


def _setting(point: PointSummary) -> tuple[Any, ...]:
    """All but technique and batch size."""
    model = (point.task, point.model, point.phase, point.workload, point.dtype, point.runtime)
    return (point.run, *model, point.device, point.hardware)


def _sources(members: Sequence[PointSummary]) -> list[tuple[str | None, str | None]]:
    """Whose energy was read and how: joules of two components, or measured and estimated, share no map."""
    return list(dict.fromkeys(_source(point) for point in members if point.energy_ratio is not None))


def _source(point: PointSummary) -> tuple[str | None, str | None]:
    return point.component, point.energy_basis


def _map(members: Sequence[PointSummary], source: tuple[str | None, str | None]) -> CrossoverMap:
    """The points with energies of ``source``, beside those that did not run."""
    usable = [point for point in members if point.energy_ratio is None or _source(point) == source]
    by_technique: dict[bytes, list[PointSummary]] = {}
    for point in usable:
        by_technique.setdefault(msgspec.json.encode(point.mitigations, order="sorted"), []).append(point)
    rows = [row for row in map(_row, by_technique.values()) if _ratios(row)]
    sizes = {cell.batch_size for row in rows for cell in row.cells if cell.point.energy_ratio is not None}
    return CrossoverMap(
        example=next(point for point in usable if point.energy_ratio is not None),
        batch_sizes=tuple(sorted(sizes)),
        rows=tuple(sorted(rows, key=_place)),
    )


def _place(row: Row) -> tuple[bool, str, str]:
    return not row.has_crossover, row.point.mitigation, row.point.mitigation_params


def _row(points: Sequence[PointSummary]) -> Row:
    by_size: dict[int, PointSummary] = {}
    for point in points:
        by_size.setdefault(point.baseline_batch_size, point)
    cells = tuple(Cell(batch_size=size, point=by_size[size]) for size in sorted(by_size))
    readings = [Reading(size=cell.batch_size, ratio=cell.ratio) for cell in cells if cell.ratio is not None]
    floor = max(point.instrument_floor for point in points)
    return Row(cells=cells, stretches=stretches(readings, floor), crossings=crossings(readings, floor))


def _ratios(row: Row) -> int:
    """How many batch sizes have a ratio."""
    return sum(cell.point.energy_ratio is not None for cell in row.cells)
