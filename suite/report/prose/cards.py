"""A technique's card: what its file says of itself, read as text, so that nothing of it is imported."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parents[2] / "mitigations"
_FACT = re.compile(r"^(Idea|Effect|Accuracy|Does nothing|Source|Deviations): ")


class Card(NamedTuple):
    """One line on a technique, and what is known of it: idea, effect, when it does nothing, source."""

    title: str
    facts: tuple[tuple[str, str], ...]


@functools.cache
def card(name: str) -> Card | None:
    """The card of the technique ``name``; None where this suite has no such file, as for a technique of one's own."""
    if name not in {path.stem for path in FOLDER.glob("[a-z]*.py")}:
        return None
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text("utf-8")))
    if not docstring:
        return None
    first, _, rest = docstring.partition("\n")
    facts: list[list[str]] = []
    for line in filter(None, map(str.strip, rest.splitlines())):
        if _FACT.match(line):
            facts.append(line.split(": ", 1))
        elif facts:
            facts[-1][1] += f" {line}"
    return Card(first.partition(": ")[2].rstrip(".") or first, tuple((key, _plain(value)) for key, value in facts))


def _plain(value: str) -> str:
    """Without the marks of code, which a page does not show."""
    return value.replace("``", "")
