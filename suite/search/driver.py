"""A search as a run: its proposals become points of the run, round by round, until it wants no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from suite.config.build import build
from suite.config.expand import experiment, grid_points
from suite.config.plan import PlannedPoint
from suite.errors import InputError
from suite.search.outcomes import outcomes_of
from suite.search.search import Proposal, Search, key_of, new_ones
from suite.sweep import planning
from suite.text.suggest import one_of

_OWN = "search."


class SearchRun:
    """The points of one search, each planned once. What is known of them stands in the run's records alone."""

    def __init__(self, name: str, content: dict[str, Any], overrides: Sequence[str]) -> None:
        """Of the experiment ``name`` with this ``content``, changed by the user's ``overrides``.

        Raises:
            InputError: the search cannot be built, or an override is none that a search takes.
        """
        self._name = name
        self._settings = content.get("settings", {}) | {"search": name}
        self._given = [text for text in overrides if not text.startswith(_OWN)]
        own = [text for text in overrides if text.startswith(_OWN)]
        made = build(_changed(content["search"], own))
        assert isinstance(made, Search)
        self.search = made
        self._plans: dict[str, PlannedPoint] = {}

    def next_round(self) -> list[PlannedPoint]:
        """The points that follow from the records so far; empty where the search has ended, or a budget ended it.

        Raises:
            InputError: a point's configuration is wrong.
        """
        found = outcomes_of(self._plans)
        if self._plans.keys() - found.keys():
            return []  # there was no time for them
        new = new_ones(self.search, found)
        if not new:
            return []
        plans = planning.planned([self._overrides(proposal) for proposal in new])
        self._plans |= zip(map(key_of, new), plans, strict=True)
        return plans

    def conclusions(self) -> list[str]:
        """What the search has come to so far, a line each."""
        found = outcomes_of(self._plans)
        return self.search.conclusions(found) if found else []

    def _overrides(self, proposal: Proposal) -> list[str]:
        stack = str(proposal.get("mitigation", self._settings.get("mitigation", ""))).strip("[]").split(",")
        given = [text for text in self._given if _concerns(text, stack)]
        for text in given:
            if text.partition("=")[0] in proposal:
                remedy = "leave it out, or measure that point without the search"
                raise InputError("the search chooses this itself", got=text, remedy=remedy)
        points = grid_points(self._name, self._settings, [dict(proposal)], given)
        if len(points) != 1:
            raise InputError("a search takes one value a key", got=self._given, remedy="give each search its own name=")
        return points[0]


def search_run(name: str, overrides: Sequence[str]) -> SearchRun:
    """The search of the experiment ``name``, which is one.

    Raises:
        InputError: there is no such experiment, or its search cannot be built.
    """
    return SearchRun(name, experiment(name), overrides)


def _changed(settings: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """``settings`` of a search with the user's values in it."""
    changed = dict(settings)
    for text in overrides:
        key, _, value = text.removeprefix(_OWN).partition("=")
        if key not in settings or key == "_target_":
            known = [f"{_OWN}{name}" for name in settings if name != "_target_"]
            raise InputError("the search has no such key", got=text, remedy=one_of(f"{_OWN}{key}", known))
        try:
            changed[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError("this is no value", got=text, remedy="write it as in the experiment's yaml") from error
    return changed


def _concerns(override: str, stack: Sequence[str]) -> bool:
    """Whether an override is of a point with ``stack``: a technique's parameters are not of points without it."""
    key = override.partition("=")[0].split(".")
    return key[0] != "mitigation" or len(key) < 2 or key[1] in stack
