"""Two runs side by side as a plain text table."""

from __future__ import annotations

from collections.abc import Sequence

from suite.analysis.run.measured_differently import differences
from suite.analysis.run.run_comparison import PointComparison
from suite.analysis.summary import PointSummary
from suite.report.comparison.view import MOST_DIFFERENCES
from suite.stats.interval import Interval
from suite.text import numbers as text

_HEADINGS = (
    "point",
    "energy/query A",
    "energy/query B",
    "B/A",
    "ratio A",
    "ratio B",
    "B/A",
    "score A",
    "score B",
    "finding",
)


def table(comparisons: Sequence[PointComparison], name_a: str, name_b: str, across: Sequence[str] = ()) -> str:
    """A line a point, with what A and B stand for above it and what the run as a whole shows below."""
    rows = [_HEADINGS, *(_row(each) for each in comparisons)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join([*_heads(comparisons, name_a, name_b, across), "", *lines, "", _verdict(comparisons)])


def _heads(comparisons: Sequence[PointComparison], name_a: str, name_b: str, across: Sequence[str]) -> list[str]:
    lines = []
    for letter, name, points in (
        ("A", name_a, [each.a for each in comparisons if each.a]),
        ("B", name_b, [each.b for each in comparisons if each.b]),
    ):
        hardware = sorted({point.hardware or "unknown hardware" for point in points})
        bases = sorted({point.energy_basis for point in points if point.energy_basis})
        lines.append(f"{letter}  {name}: {_points(len(points))}, {'; '.join(hardware)}, energy {' and '.join(bases)}")
    if across:
        names = ", ".join(across)
        lines.append(f"Compared across {names}: joules where both were measured, each of its own component.")
    elif any(each.ratio and not each.same_hardware for each in comparisons):
        lines.append("Joules of different hardware or meters are not compared; ratios to the paired baseline are.")
    found = differences(comparisons)
    lines += [
        f"Measured differently: {each.key} {each.a} in A, {each.b} in B ({_points(each.points)})"
        for each in found[:MOST_DIFFERENCES]
    ]
    if len(found) > MOST_DIFFERENCES:
        lines.append(f"and {len(found) - MOST_DIFFERENCES} more settings; --json has them all")
    return lines


def _points(count: int) -> str:
    return text.counted(text.whole(count), "point", "points")


def _row(each: PointComparison) -> tuple[str, ...]:
    return (
        each.title,
        *(text.energy(point.energy_per_query_j if point else None) for point in (each.a, each.b)),
        _change(each.energy),
        *(_ratio(point) for point in (each.a, each.b)),
        _change(each.ratio),
        *(text.score(point.score if point else None, point.metric if point else None) for point in (each.a, each.b)),
        _finding(each),
    )


def _change(change: Interval | None) -> str:
    return "" if change is None else f"{text.change(change.estimate)} {text.change_interval(change.low, change.high)}"


def _ratio(point: PointSummary | None) -> str:
    return text.NOTHING if point is None or point.energy_ratio is None else text.fixed(point.energy_ratio, 3)


def _finding(each: PointComparison) -> str:
    if each.regressions:
        return "REGRESSION: " + ", ".join(each.regressions)
    if each.a is None or each.b is None:
        return "only in B" if each.a is None else "only in A"
    if each.a.status != each.b.status:
        return f"{each.a.status} in A, {each.b.status} in B"
    return "" if each.b.status == "ok" else each.b.status


def _verdict(comparisons: Sequence[PointComparison]) -> str:
    shared = [each for each in comparisons if each.a and each.b]
    worse = [each for each in comparisons if each.regressions]
    alone = {name: sum(each.a is None if name == "B" else each.b is None for each in comparisons) for name in "AB"}
    beside = "".join(f", {count} only in {name}" for name, count in alone.items() if count)
    return f"{_points(len(shared))} in both runs{beside}; {len(worse)} regressed."
