"""Does the interval of an accuracy's change hold the truth where few answers changed, or none?

Test sets are drawn as counts: how many sources lost answers and how many won some, and how many each. Every interval is
the product's own (``suite.stats.score_difference``).
"""

from __future__ import annotations

import itertools
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.measurement.table import Row
from suite.stats.score_difference import ChangedSource, Differences, mean_difference

Together = Literal["alone", "all", "some"]
"""How many items of a source change where one does: one, all, or a share drawn anew for each."""

CHANGES = (0, 1, 3, 5, 10, 30)
ITEMS = (100, 1000, 10_000)
LOST = (1.0, 0.75, 0.5)
CLUSTERED = ((500, 5), (1000, 5), (1000, 20), (10_000, 5), (10_000, 20))
LEAST, MOST, MOST_FROM = 0.93, 0.97, 10


class Case(NamedTuple):
    """``items`` in sources of ``size``, of which ``changes`` are expected to change; a share ``lost`` of them lose."""

    items: int
    size: int
    together: Together
    lost: float
    changes: int


def coverage(case: Case, count: int, seed: int = 0) -> float:
    """Share of ``count`` simulated test sets whose 95 % interval holds the true change of accuracy."""
    draw = np.random.default_rng([seed, case.items, case.size, case.changes, int(100 * case.lost)])
    sources = case.items // case.size
    losing, winning = case.changes * case.lost / sources, case.changes * (1 - case.lost) / sources
    truth = (winning - losing) * _mean_size(case) / case.size
    counts = draw.multinomial(sources, [losing, winning, 1 - losing - winning], size=count)
    held = 0
    for lost, won in counts[:, :2]:
        sizes = _sizes(draw, case, int(lost + won))
        changed = tuple(
            ChangedSource(case.size, float(size if number >= lost else -size), float(size))
            for number, size in enumerate(sizes)
        )
        held += mean_difference(_differences(case, sources, changed)).interval().holds(truth)
    return held / count


def _mean_size(case: Case) -> float:
    return {"alone": 1.0, "all": float(case.size), "some": (case.size + 1) / 2}[case.together]


def _sizes(draw: np.random.Generator, case: Case, count: int) -> list[int]:
    if case.together == "some":
        return [int(size) for size in draw.integers(1, case.size + 1, count)]
    return [1 if case.together == "alone" else case.size] * count


def _differences(case: Case, sources: int, changed: tuple[ChangedSource, ...]) -> Differences:
    moved = int(sum(each.moved for each in changed))
    return Differences(
        items=case.items,
        sources=sources,
        squared_sizes=float(sources * case.size**2),
        changed=changed,
        changed_items=moved,
        squared_changes=float(moved),
        is_binary=True,
        typical=float(case.size),
    )


def cases() -> dict[str, list[Case]]:
    """All that the table sums up, by the name of its rows."""
    alone = [Case(n, 1, "alone", lost, changes) for n, lost, changes in itertools.product(ITEMS, LOST, CHANGES)]
    found = {"independent answers": alone}
    names: dict[Together, str] = {
        "all": "sources that change as a whole",
        "alone": "sources of which one answer changes",
        "some": "sources of which a random number of answers changes",
    }
    for together, name in names.items():
        found[name] = [
            Case(items, size, together, lost, changes)
            for (items, size), lost, changes in itertools.product(CLUSTERED, LOST, CHANGES)
        ]
    return found


def rows(count: int = 4000) -> list[Row]:
    """For each kind the lowest and highest coverage over all sizes and shares of lost answers, by number of changes."""
    expected = ", ".join(str(changes) for changes in CHANGES)
    return [
        _row(f"accuracy, {name}: coverage in {count} at {expected} expected changes", every, count)
        for name, every in cases().items()
    ]


def _row(name: str, every: list[Case], count: int) -> Row:
    shares = {changes: [coverage(case, count) for case in every if case.changes == changes] for changes in CHANGES}
    return Row(
        name=name,
        figure=", ".join(f"{100 * min(found):.1f} to {100 * max(found):.1f}" for found in shares.values()) + " %",
        target=f"at least {LEAST:.0%}, from {MOST_FROM} on at most {MOST:.0%}",
        met=all(
            min(found) >= LEAST and (changes < MOST_FROM or max(found) <= MOST) for changes, found in shares.items()
        ),
    )


if __name__ == "__main__":
    from benchmarks.measurement.table import text

    print(text(rows()))
