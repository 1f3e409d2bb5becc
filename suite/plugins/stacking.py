"""Which techniques stand in one stack, and in which order: rules that each technique's class states as data."""

from __future__ import annotations

import dataclasses
import graphlib
from collections.abc import Iterator, Mapping
from itertools import combinations

from suite.errors import InputError
from suite.plugins.interventions import INTERVENTIONS

REASONS = {
    "quantisation": "weights of few bits can be neither cut nor trained, and are quantised once",
    "graph": "it fixes one path through the model, which nothing can change afterwards",
    "decoding": "one technique decides how tokens are generated",
    "precision": "one technique decides the type that is computed in",
    "adaptive_computation": "it wraps the whole model and decides how much of it answers",
    "training": "training gives weights that were set to zero other values",
    "zeros": "weights that are zero already are not set to zero again",
}
"""Kinds of technique that rules name, each with why; those that are no intervention are named in ``kinds``."""
KINDS = {**INTERVENTIONS, **REASONS}
"""What a rule may name beside a technique."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class StackRules:
    """What a technique says of stacks; see the class attributes of ``suite.core.mitigation.Mitigation``."""

    intervention: str = ""
    kinds: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    stack_reason: str = ""

    @classmethod
    def of(cls, technique: object) -> StackRules:
        """The rules that a technique, or its class, states."""
        names = [field.name for field in dataclasses.fields(cls) if hasattr(technique, field.name)]
        return cls(**{name: getattr(technique, name) for name in names})

    def in_words(self) -> str:
        """The rules as one phrase; empty where there are none."""
        words = {"before": self.before, "after": self.after, "not with": self.conflicts}
        return "; ".join(f"{word} {', '.join(named)}" for word, named in words.items() if named)

    def names(self, rule: tuple[str, ...], name: str, other: StackRules) -> str | None:
        """What in ``rule`` means the technique ``name``, whose rules are ``other``; None where nothing does."""
        called = (name, *(other.kinds or (other.intervention,)))
        return next((reference for reference in rule if reference in called), None)

    def why(self, reference: str, other: StackRules) -> str:
        """Why ``reference`` stands in a rule, in one clause; empty where nobody says."""
        kinds = (reference, *other.kinds, other.intervention)
        return self.stack_reason or next((REASONS[kind] for kind in kinds if kind in REASONS), "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clash:
    """Two techniques of a stack that cannot stand in it as they do.

    Attributes:
        first: must come before ``second``, or cannot stand beside it.
        together: whether they cannot stand in one stack in any order.
        why: in one clause; empty where nobody says.
    """

    first: str
    second: str
    together: bool
    why: str

    def __str__(self) -> str:
        how = "do not go together" if self.together else "go in this order only"
        return f"{self.first} and {self.second} {how}" + (f" ({self.why})" if self.why else "")


def clashes(stack: Mapping[str, StackRules]) -> Iterator[Clash]:
    """What is wrong with ``stack`` (rules by name, in order): first what no order mends."""
    pairs = list(combinations(stack, 2))
    yield from (clash for pair in pairs if (clash := _together(stack, *pair)))
    for earlier, later in pairs:
        why = _order(stack, later, earlier)
        if why is not None:
            yield Clash(first=later, second=earlier, together=False, why=why)


def order_of(stack: Mapping[str, StackRules]) -> list[str] | None:
    """An order of ``stack`` that its rules allow; None where there is none."""
    if any(_together(stack, *pair) for pair in combinations(stack, 2)):
        return None
    earlier = {
        name: [other for other in stack if other != name and _order(stack, other, name) is not None] for name in stack
    }
    try:
        return list(graphlib.TopologicalSorter(earlier).static_order())
    except graphlib.CycleError:
        return None


def check_stack(stack: Mapping[str, StackRules]) -> None:
    """Passes where the techniques of ``stack`` (rules by name, in order) may be applied one after another.

    Raises:
        InputError: they may not; it names two of them, why, and the order that would do.
    """
    for clash in clashes(stack):
        order = order_of(stack)
        remedy = f"give mitigation=[{','.join(order)}]" if order else "leave one of them out"
        raise InputError(f"in a stack {clash}", got=f"[{','.join(stack)}]", remedy=remedy)


def _together(stack: Mapping[str, StackRules], one: str, other: str) -> Clash | None:
    for name, beside in ((one, other), (other, one)):
        reference = stack[name].names(stack[name].conflicts, beside, stack[beside])
        if reference is not None:
            return Clash(first=one, second=other, together=True, why=stack[name].why(reference, stack[beside]))
    return None


def _order(stack: Mapping[str, StackRules], first: str, second: str) -> str | None:
    """Why ``first`` must come before ``second``, in one clause; None where it need not."""
    mine, theirs = stack[first], stack[second]
    reference = mine.names(mine.before, second, theirs)
    if reference is not None:
        return mine.why(reference, theirs)
    reference = theirs.names(theirs.after, first, mine)
    return None if reference is None else theirs.why(reference, mine)
