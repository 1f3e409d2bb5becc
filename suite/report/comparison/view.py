"""Two runs as a comparison shows them: what got worse first, each point under the name it goes by in both."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from suite.analysis.run.measured_differently import Difference, differences
from suite.analysis.run.run_comparison import Finding, PointComparison
from suite.analysis.summary import PointSummary
from suite.report.prose.across import shared_groups
from suite.report.view_model import Group
from suite.text import numbers as text
from suite.text.i18n import N_, _, ngettext

MOST_DIFFERENCES = 8
FINDINGS: dict[Finding, str] = {
    "energy": N_("more joules per query"),
    "ratio": N_("more energy against its baseline"),
    "accuracy": N_("lower score"),
    "status": N_("no result any more"),
    "missing": N_("missing in the second run"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs."""

    letter: str
    name: str
    points: int
    hardware: tuple[str, ...]
    bases: tuple[str, ...]
    first_day: str
    last_day: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One point: its task, the settings of its baseline, its technique, and what was found.

    ``name`` says all that tells it from the other points, in short.
    """

    task: str
    settings: str
    label: str
    name: str
    found: PointComparison


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoRuns:
    """Two runs and the tolerances that they were held against.

    ``rows`` are the points of both runs and those that regressed by being gone, what got worse first; ``only_a`` and
    ``only_b`` all points that one run lacks.
    ``differences`` are those in how points of both were measured. The two points of a row may differ in ``across``.
    """

    a: Side
    b: Side
    energy_tolerance: float
    ratio_tolerance: float
    rows: tuple[Row, ...]
    only_a: tuple[Row, ...]
    only_b: tuple[Row, ...]
    differences: tuple[Difference, ...]
    across: tuple[str, ...] = ()

    @property
    def regressed(self) -> int:
        """How many points got worse."""
        return sum(bool(row.found.regressions) for row in self.rows)


def two_runs(
    comparisons: Sequence[PointComparison],
    a: str,
    b: str,
    *,
    energy_tolerance: float,
    ratio_tolerance: float,
    across: Sequence[str] = (),
) -> TwoRuns:
    """What ``comparisons`` of the runs called ``a`` and ``b`` say."""
    by_id = {each.point_id: each for each in comparisons}  # each pair once, as its second run has it
    points = [point for each in comparisons for point in (each.a, each.b) if point and point.point_id == each.point_id]
    groups = shared_groups(points)
    rows = [
        Row(
            task=group.name,
            settings=group.title,
            label=entry.label,
            name=f"{entry.label}{apart} · {group.name}",
            found=by_id[entry.point.point_id],
        )
        for group, apart in zip(groups, _told_apart(groups), strict=True)
        for entry in group.entries
    ]
    held = [row for row in rows if row.found.regressions or (row.found.a and row.found.b)]
    return TwoRuns(
        a=_side("A", a, [each.a for each in comparisons if each.a]),
        b=_side("B", b, [each.b for each in comparisons if each.b]),
        energy_tolerance=energy_tolerance,
        ratio_tolerance=ratio_tolerance,
        rows=tuple(sorted(held, key=lambda row: not row.found.regressions)),
        only_a=tuple(row for row in rows if row.found.b is None),
        only_b=tuple(row for row in rows if row.found.a is None),
        differences=tuple(differences(comparisons)),
        across=tuple(across),
    )


def _told_apart(groups: Sequence[Group]) -> list[str]:
    """For all groups of a task but its first: those of their settings, in brackets, that the first does not share."""
    firsts: dict[str, set[str]] = {}
    told = []
    for group in groups:
        parts = group.title.split(" · ")
        first = firsts.setdefault(group.task, set(parts))
        own = [part for part in parts if part not in first]
        told.append(f" ({', '.join(own)})" if own else "")
    return told


def _side(letter: str, name: str, points: Sequence[PointSummary]) -> Side:
    return Side(
        letter=letter,
        name=name,
        points=len(points),
        hardware=tuple(sorted({point.hardware for point in points if point.hardware})),
        bases=tuple(sorted({point.energy_basis for point in points if point.energy_basis})),
        first_day=min((point.started_at for point in points), default="")[:10],
        last_day=max((point.finished_at for point in points), default="")[:10],
    )


def measured_differently(runs: TwoRuns) -> list[str]:
    """A line for each setting that was another one in the two runs, as many as can be read."""
    lines = [
        ngettext("{key}: {a} in A, {b} in B ({n} point)", "{key}: {a} in A, {b} in B ({n} points)", each.points).format(
            key=each.key, a=each.a, b=each.b, n=text.whole(each.points)
        )
        for each in runs.differences[:MOST_DIFFERENCES]
    ]
    more = len(runs.differences) - MOST_DIFFERENCES
    if more > 0:
        lines.append(ngettext("and {n} more setting", "and {n} more settings", more).format(n=text.whole(more)))
    return lines


def verdict(runs: TwoRuns) -> str:
    """The result of the gate in a sentence."""
    total = len(runs.rows)
    if runs.across:
        words = _("Compared across {names}: both runs side by side, and no regression.")
        return words.format(names=", ".join(map(text.key_words, runs.across)))
    if not runs.regressed:
        words = ngettext(
            "No regression: the {total} point of both runs did not get worse beyond the tolerances.",
            "No regression: none of the {total} points of both runs got worse beyond the tolerances.",
            total,
        )
        return words.format(total=text.whole(total))
    words = ngettext(
        "Regression: {count} of {total} points got worse beyond the tolerances.",
        "Regression: {count} of {total} points got worse beyond the tolerances.",
        runs.regressed,
    )
    return words.format(count=text.whole(runs.regressed), total=text.whole(total))


def gate(runs: TwoRuns) -> str:
    """What counts as a regression, or what is compared where nothing does."""
    if runs.across:
        return _(
            "Joules are compared where both were measured, each of the component that did the work and no other; "
            "ratios to the paired baseline in any case."
        )
    return _(
        "A regression is one of these: joules per query that rose by more than {energy}, or the ratio to the paired "
        "baseline by more than {ratio}, with the whole 95 % interval beyond that; a score that fell by more than the "
        "task's margin and more than its interval leaves open; a point that had a result and has none any more."
    ).format(energy=_share(runs.energy_tolerance), ratio=_share(runs.ratio_tolerance))


def _share(share: float) -> str:
    return f"{text.fixed(share * 100, 1)}{text.GAP}%"


def findings(found: PointComparison) -> str:
    """What got worse, or why nothing can be said; empty where nothing did."""
    if found.regressions:
        return ", ".join(_(FINDINGS[each]) for each in found.regressions)
    statuses = [point.status for point in (found.a, found.b) if point is not None]
    if len(set(statuses)) > 1:
        return _("{first} in A, {second} in B").format(first=text.words(statuses[0]), second=text.words(statuses[1]))
    return "" if statuses[0] == "ok" else text.words(statuses[0])
