"""What the techniques say of themselves, as one page of Markdown: docs/techniques.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.plugins.cards import Card, read_card

HEAD = """\
# Techniques

Written by `make techniques` from what each technique says of itself (`python -m suite.doctor --techniques`): change the
class attributes in its file, not this page. Its parameters and their defaults stand in its yaml, in `conf/mitigation`.
How to add one: [adding-a-technique.md](adding-a-technique.md).

| `mitigation=` | what it does | requires |
|---|---|---|
"""


def markdown(techniques: Mapping[str, Mapping[str, Any]]) -> str:
    """A table of all ``techniques`` (settings by name), then a section on each.

    Raises:
        InputError: one of them cannot be read.
    """
    cards = {name: read_card(str(settings["_target_"])) for name, settings in techniques.items()}
    rows = [
        f"| [`{name}`](#{name}) | {_cell(card.title)} | {_cell(card.requires.in_words())} |"
        for name, card in cards.items()
    ]
    return HEAD + "\n".join([*rows, *(section(name, card) for name, card in cards.items())])


def section(name: str, card: Card) -> str:
    """One technique under its own heading."""
    return f"\n## {name}\n" + "\n".join(f"- **{heading}**: {text}" for heading, text in card.facts().items())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
