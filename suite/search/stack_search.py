"""Stack search: each technique alone, then the pairs of those that save, then the best stack with one more."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal, get_args

from suite.analysis.run.judgement import judged_at
from suite.analysis.run.stacking import interactions
from suite.analysis.summary import PointSummary
from suite.core import checks
from suite.errors import InputError
from suite.plugins.cards import read_card
from suite.plugins.conf_folders import conf_folders, techniques
from suite.plugins.stacking import StackRules, order_of
from suite.search.search import Found, Proposal, Search, key_of
from suite.text import numbers as text
from suite.text.suggest import one_of

Pairs = Literal["saving", "all"]
_SAVES = ("saves", "saves-accuracy-not-measured")
BASELINE: Proposal = {"mitigation": "none"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class StackSearch(Search):
    """Grows stacks from the best one so far.

    Attributes:
        techniques: names, in the order in which they are applied where no rule says another.
        pairs: ``saving``: of techniques that save energy alone within the loss of score; ``all``: of all.
        largest: techniques in the largest stack, at least 2.
        largest_loss: of score, at which a stack still counts as without loss; None: the task's own margin.
    """

    techniques: list[str]
    pairs: Pairs
    largest: int
    largest_loss: float | None

    def __post_init__(self) -> None:
        if not isinstance(self.techniques, list) or len(set(self.techniques)) != len(self.techniques):
            raise InputError("search.techniques names each once", got=self.techniques, remedy="write [a,b,c]")
        if len(self.techniques) < 2:
            raise InputError("a stack has two techniques", got=self.techniques, remedy="name more: [a,b,c]")
        checks.count("search.largest", self.largest, least=2)
        if self.pairs not in get_args(Pairs):
            raise InputError("search.pairs is unknown", got=self.pairs, remedy="give saving or all")
        if self.largest_loss is not None and self.largest_loss != 0:
            checks.positive("search.largest_loss", self.largest_loss)
        rules_of(self.techniques)

    @property
    def most_points(self) -> int:
        """The baseline, each technique, all pairs, and for each larger size the best stack with each of the others."""
        count = len(self.techniques)
        return 1 + count + math.comb(count, 2) + sum(max(0, count - size + 1) for size in range(3, self.largest + 1))

    def proposals(self, found: Found) -> list[Proposal]:
        """All stacks of one size at a time; the next size once the one before is measured."""
        wanted: list[tuple[str, ...]] = [(name,) for name in self.techniques]
        level = wanted
        for size in range(2, self.largest + 1):
            if any(key_of(proposal_of(stack)) not in found for stack in level):
                break
            level = self._pairs(found) if size == 2 else self._extended(level, found, size)
            wanted = wanted + level
        return [BASELINE, *map(proposal_of, wanted)]

    def best(self, stacks: Iterable[tuple[str, ...]], found: Found) -> tuple[tuple[str, ...], PointSummary] | None:
        """Of ``stacks`` the one that takes least energy within the loss of score; None where none saves so."""
        points = [(stack, found[key_of(proposal_of(stack))].point) for stack in stacks]
        good = [(stack, point) for stack, point in points if self._saves(point)]
        return min(good, key=lambda pair: pair[1].energy_ratio or math.inf, default=None)

    def conclusions(self, found: Found) -> list[str]:
        """The best stack, and how the parts of each stack went together."""
        measured = [tuple(name for name in self._names(key)) for key in found if key != key_of(BASELINE)]
        best = self.best(measured, found)
        lines = [f"search: no technique or stack of {', '.join(self.techniques)} saves within the loss of score"]
        if best is not None:
            lines = [f"search: best is {'+'.join(best[0])}, {_ratio(best[1])} energy per query"]
        for each in interactions([outcome.point for outcome in found.values()]):
            factor = each.factor
            ends = "" if factor.low is None or factor.high is None else f" [{factor.low:.3f}, {factor.high:.3f}]"
            lines.append(
                f"search: {each.stack.mitigation} takes {factor.estimate:.3f}{ends} times what its parts promise "
                f"({each.finding.replace('-', ' ')})"
            )
        return lines

    def _pairs(self, found: Found) -> list[tuple[str, ...]]:
        alone = {name: found[key_of(proposal_of((name,)))].point for name in self.techniques}
        chosen = [name for name in self.techniques if self.pairs == "all" or self._saves(alone[name])]
        return self._ordered(combinations(chosen, 2))

    def _extended(self, level: Sequence[tuple[str, ...]], found: Found, size: int) -> list[tuple[str, ...]]:
        """The best stack of ``level`` with one more; none where it does not improve on the best of fewer techniques."""
        best = self.best(level, found)
        fewer = [stack for key in found if key != key_of(BASELINE) and len(stack := self._names(key)) == size - 2]
        before = self.best(fewer, found)
        if best is None or (before is not None and (best[1].energy_ratio or 0) >= (before[1].energy_ratio or 0)):
            return []
        others = [name for name in self.techniques if name not in best[0]]
        return self._ordered((*best[0], name) for name in others)

    def _ordered(self, stacks: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Those that the techniques' rules allow, in an order that they allow."""
        rules = rules_of(self.techniques)
        orders = (order_of({name: rules[name] for name in self.techniques if name in stack}) for stack in stacks)
        return [tuple(order) for order in orders if order]

    def _saves(self, point: PointSummary) -> bool:
        judged = point if self.largest_loss is None else judged_at(point, self.largest_loss)
        return judged.verdict in _SAVES

    def _names(self, key: str) -> tuple[str, ...]:
        return tuple(key.partition("=")[2].strip("[]").split(","))


def proposal_of(stack: Sequence[str]) -> Proposal:
    """The point of ``stack``, in its order."""
    return {"mitigation": f"[{','.join(stack)}]"}


def rules_of(names: Sequence[str]) -> dict[str, StackRules]:
    """What the techniques say of stacks, by name.

    Raises:
        InputError: one of them is unknown.
    """
    known = techniques(conf_folders([]))
    for name in names:
        if name not in known:
            raise InputError("search.techniques names no technique", got=name, remedy=one_of(str(name), list(known)))
    return {name: read_card(str(known[name]["_target_"])).stacking for name in names}


def _ratio(point: PointSummary) -> str:
    ends = text.change_interval(point.energy_ratio_low, point.energy_ratio_high)
    return f"{text.change(point.energy_ratio)} {ends}"
