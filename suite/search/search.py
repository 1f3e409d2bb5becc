"""Search: proposes points from what has been measured so far. A pure function of that, so that a resumed one agrees."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from suite.analysis.summary import PointSummary

Proposal = Mapping[str, Any]
"""A point to measure: override keys with their values, beside those that the experiment sets for all its points."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a proposal.

    Attributes:
        point: its summary, judged beside the search's other points.
        score_delta: difference of the scores, above 0 is better; also of a point that the gate on scores stopped. None
            where nothing was scored.
        stopped_early: whether that gate stopped it.
    """

    point: PointSummary
    score_delta: float | None = None
    stopped_early: bool = False


Found = Mapping[str, Outcome]
"""Outcomes by ``key_of`` their proposal."""


def key_of(proposal: Proposal) -> str:
    """A proposal as one text, the same for equal ones."""
    return " ".join(f"{key}={value}" for key, value in sorted(proposal.items()))


class Search(ABC):
    """Chooses points. The methods draw on nothing but their argument and the search's own fields."""

    @property
    @abstractmethod
    def most_points(self) -> int:
        """The most points that there can be."""

    @abstractmethod
    def proposals(self, found: Found) -> list[Proposal]:
        """The points that are wanted as far as is known from ``found``, in order, those in ``found`` among them."""

    @abstractmethod
    def conclusions(self, found: Found) -> list[str]:
        """What the search has come to, a line each."""


def new_ones(search: Search, found: Found) -> list[Proposal]:
    """Points that are wanted and not measured yet; none: the search has ended."""
    once = {key_of(proposal): proposal for proposal in search.proposals(found)}
    return [proposal for key, proposal in once.items() if key not in found]
