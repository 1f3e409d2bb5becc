"""A technique's card: what its class says of itself, read from its file, so that neither it nor torch is imported.

The one reader behind the report's cards, the doctor, the table of docs/techniques.md and the list of packages that
a record names.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
from typing import Any

from suite.errors import InputError
from suite.plugins.interventions import INTERVENTIONS
from suite.plugins.requires import Requires
from suite.plugins.source import source_of
from suite.plugins.stacking import StackRules

TEXTS = ("idea", "effect", "accuracy", "deviations", "source")
"""Class attributes of a technique that hold prose."""
_STACKING = ("kinds", "before", "after", "conflicts", "stack_reason")
_REMEDY = "write strings, numbers, tuples and dicts out, see docs/adding-a-technique.md"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    """A technique in its own words; a text is empty where the class does not give it.

    Attributes:
        target: the class, as its yaml names it.
        title: first line of the module's docstring, without the technique's name.
        idea: how the technique works.
        effect: what it is expected to do to energy, and when it does nothing.
        accuracy: what it is expected to do to the score.
        deviations: how this implementation departs from its source.
        source: paper or document that describes it.
        requires: what must hold for it to be applicable.
        intervention: key of the intervention that it is a way of; empty where it is none.
        stacking: what it says of stacks that it stands in.
    """

    target: str
    title: str
    idea: str
    effect: str
    accuracy: str
    deviations: str
    source: str
    requires: Requires
    intervention: str
    stacking: StackRules

    def facts(self) -> dict[str, str]:
        """What is known, in the order in which it is read: heading and text, without texts that are empty."""
        facts = {
            "Idea": self.idea,
            "Effect": self.effect,
            "Accuracy": self.accuracy,
            "Requires": self.requires.in_words(explained=True),
            "In a stack": self.stacking.in_words(),
            "Deviations": self.deviations,
            "Source": self.source,
        }
        return {heading: text for heading, text in facts.items() if text}


@functools.cache
def read_card(target: str) -> Card:
    """The card of the class ``target``, e.g. ``suite.mitigations.batch_and_precision.bf16.Bf16``.

    Raises:
        InputError: its source is not found here, or what it says of itself is not written in literals.
    """
    module, _, name = target.rpartition(".")
    source = source_of(module) if module else None
    if source is None:
        raise InputError("the technique's source is not found", got=target, remedy="install the package that holds it")
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise InputError(f"the technique's file is no Python ({error})", got=target, remedy="correct it") from error
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    if not classes:
        raise InputError(f"{module} has no class of that name", got=name, remedy="correct _target_ in its yaml")
    values = {key: _literal(key, node, target) for key, node in _assigned(classes[-1]).items()}
    title = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    intervention = _intervention(values.pop("intervention", ""), target)
    return Card(
        target=target,
        title=title.partition(": ")[2] or title,
        requires=values.pop("requires", Requires()),
        intervention=intervention,
        stacking=_stacking(intervention, values, target),
        **{key: str(values.get(key, "")) for key in TEXTS},
    )


def _assigned(technique: ast.ClassDef) -> dict[str, ast.expr]:
    """The expressions in the class's own body that describe it, by name."""
    found: dict[str, ast.expr] = {}
    for statement in technique.body:
        if isinstance(statement, ast.AnnAssign | ast.Assign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found |= {target.id: statement.value for target in targets if isinstance(target, ast.Name)}
    return {key: value for key, value in found.items() if key in (*TEXTS, "requires", "intervention", *_STACKING)}


def _intervention(key: str, target: str) -> str:
    if key and key not in INTERVENTIONS:
        remedy = f"use {', '.join(INTERVENTIONS)}, or an empty text"
        raise InputError(f"the intervention of {target} is unknown", got=key, remedy=remedy)
    return key


def _stacking(intervention: str, values: dict[str, Any], target: str) -> StackRules:
    stated = {key: values[key] for key in _STACKING if key in values}
    for key, value in stated.items():
        if not isinstance(value, str if key == "stack_reason" else tuple):
            remedy = "write a text" if key == "stack_reason" else 'write a tuple, ("quantisation",)'
            raise InputError(f"{key} of {target} is of another type", got=value, remedy=remedy)
    return StackRules(intervention=intervention, **stated)


def _literal(key: str, node: ast.expr, target: str) -> Any:
    try:
        if key != "requires":
            return ast.literal_eval(node)
        if not isinstance(node, ast.Call) or node.args or ast.unparse(node.func).rpartition(".")[2] != "Requires":
            raise ValueError("requires must be Requires(…) with keyword arguments")
        return Requires(**{str(word.arg): ast.literal_eval(word.value) for word in node.keywords})
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{key} of {target} cannot be read ({error})", got=ast.unparse(node), remedy=_REMEDY
        ) from error
