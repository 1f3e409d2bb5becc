"""The Pareto front: points that no other point beats in both energy and score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Candidate(NamedTuple):
    """A point's place: energy per query (less is better) and score turned so that more is better."""

    energy_j: float
    score: float


def front(candidates: Sequence[Candidate]) -> list[bool]:
    """For each candidate whether it is on the front. Equal candidates stand or fall together."""
    return [not any(_dominates(other, candidate) for other in candidates) for candidate in candidates]


def _dominates(one: Candidate, other: Candidate) -> bool:
    no_worse = one.energy_j <= other.energy_j and one.score >= other.score
    return no_worse and one != other
