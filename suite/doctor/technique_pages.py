"""What the techniques say of themselves, and figures say of them, as one page of Markdown: docs/techniques.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.analysis.results.reader import read_results
from suite.analysis.summary import PointSummary
from suite.doctor import technique_tasks
from suite.doctor.technique_tasks import Matrix
from suite.plugins.cards import Card, read_card
from suite.plugins.interventions import INTERVENTIONS
from suite.report.prose.technique_facts import measured, published

HEAD = """\
# Techniques

Written by `make techniques` from what each technique says of itself, the reports in `reports/` and the table of
published figures (`python -m suite.doctor --techniques`): change the class attributes in its file, not this page. Its
parameters and their defaults stand in its yaml, in `conf/mitigation`. How to add one:
[adding-a-technique.md](adding-a-technique.md).

On which tasks each can run: [the table at the end](#on-which-tasks-each-can-run).

A saving holds for the model and the machine that it was measured on. "Published" figures each compare with their own
source's baseline; they are no forecast for another machine.

| `mitigation=` | what it does | intervention | requires |
|---|---|---|---|
"""
Measured = Mapping[str, Sequence[PointSummary]]
"""Points by the name of their report."""


def markdown(techniques: Mapping[str, Mapping[str, Any]], reports: Measured, suited: Matrix) -> str:
    """A table of all ``techniques`` (settings by name), then a section on each, then on which tasks each can run.

    Raises:
        InputError: one of them cannot be read.
    """
    cards = {name: read_card(str(settings["_target_"])) for name, settings in techniques.items()}
    rows = [
        f"| [`{name}`](#{name}) | {_cell(card.title)} | {INTERVENTIONS.get(card.intervention, 'none')} | "
        f"{_cell(card.requires.in_words())} |"
        for name, card in cards.items()
    ]
    sections = [section(name, card, reports) for name, card in cards.items()]
    return HEAD + "\n".join([*rows, *sections, technique_tasks.markdown(suited)])


def section(name: str, card: Card, reports: Measured) -> str:
    """One technique under its own heading."""
    lines = [f"**{heading}**: {text}" for heading, text in card.facts().items()]
    for report, points in reports.items():
        lines += [f"**Measured**: {line}: [{report}](../reports/{report})" for line in measured(name, points)]
    found = published(name)
    lines += [f"**Published**: {found}"] if found else []
    return f"\n## {name}\n" + "\n".join(f"- {line}" for line in lines)


def published_reports(folder: Path) -> dict[str, Sequence[PointSummary]]:
    """Points of every report below ``folder`` by its name; none where the folder is not there.

    Raises:
        InputError: a report cannot be read.
    """
    found = sorted(path.parent for path in folder.glob("*/results.parquet"))
    return {path.name: read_results(path, g_co2e_per_kwh=None).points for path in found}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
