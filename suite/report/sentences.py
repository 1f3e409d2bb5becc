"""What was found, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from suite.analysis.summary import PointSummary
from suite.report import format as text
from suite.report.model import Entry, Group


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a sentence; the strong ones are the figures and names."""

    words: str
    strong: bool = False


@dataclasses.dataclass(frozen=True)
class Note:
    """Points of one verdict, listed below the answer."""

    verdict: str
    items: tuple[Part, ...]


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer for one task: a sentence, and what else was found."""

    task: str
    verdict: str
    sentence: tuple[Part, ...]
    notes: tuple[Note, ...]
    further: tuple[tuple[str, tuple[Part, ...]], ...]


def answer(task: str, groups: Sequence[Group]) -> Answer:
    """What the groups of one task say: one leads, the others follow in short."""
    leading = leading_group(groups)
    if leading is None:
        return Answer(task, "skipped", (Part("No point of this task ended with a result."),), (), ())
    verdict, sentence, named = _sentence(leading)
    further = tuple((group.title, _sentence(group)[1]) for group in groups if group is not leading and group.ok)
    return Answer(task, verdict, sentence, tuple(_notes(leading, named)), further)


def leading_group(groups: Sequence[Group]) -> Group | None:
    """The first group with results; inference before training, scored before unscored."""
    with_results = [group for group in groups if group.ok]
    return min(with_results, key=lambda group: (group.is_training, not group.scored), default=None)


def _sentence(group: Group) -> tuple[str, tuple[Part, ...], Entry | None]:
    """Verdict, sentence and the technique that it names."""
    tried = [entry for entry in group.ok if entry.point.mitigation != "none"]
    if not tried:
        return "skipped", (Part("Only the baseline ended with a result."),), None
    for verdict, ending in (
        ("saves", _without_loss),
        ("saves-accuracy-not-measured", _unscored),
        ("saves-but-loses-accuracy", _with_loss),
    ):
        best = next((entry for entry in tried if entry.point.verdict == verdict), None)
        if best is not None:
            return verdict, (*_saves(best, group), *ending(best.point)), best
    if len(tried) == 1:
        words = f"The one technique measured here does not clearly save energy per {group.query}."
    else:
        words = f"None of the {len(tried)} techniques measured here clearly saves energy per {group.query}."
    return "no-detectable-change", (Part(words),), None


def _saves(entry: Entry, group: Group) -> tuple[Part, ...]:
    point = entry.point
    assert point.energy_ratio is not None
    interval = text.saving_interval(point.energy_ratio_low, point.energy_ratio_high)
    return (
        Part(upper_first(entry.label), strong=True),
        Part(" saves "),
        Part(text.saving(point.energy_ratio), strong=True),
        Part(f" {interval} of the energy per {group.query}{_unreal(point)}"),
    )


def _unreal(point: PointSummary) -> str:
    """A saving that was not measured is named as such, even in the headline."""
    return f" ({point.energy_basis})" if point.energy_basis in ("simulated", "replayed") else ""


def _without_loss(point: PointSummary) -> tuple[Part, ...]:
    metric = _noun(point)
    if point.score_delta_high is not None and point.score_delta_high < 0:
        return (Part(" with a loss of "), Part(f"{metric} within the margin", strong=True), Part(_delta(point)))
    return (Part(" with "), Part(f"no detectable loss of {metric}", strong=True), Part(_delta(point)))


def _unscored(point: PointSummary) -> tuple[Part, ...]:
    return (Part("; its accuracy was not measured."),)


def _with_loss(point: PointSummary) -> tuple[Part, ...]:
    return (Part(" but "), Part(f"loses {_noun(point)}", strong=True), Part(_delta(point)))


def _delta(point: PointSummary) -> str:
    interval = text.score_interval(point.score_delta_low, point.score_delta_high, point.metric)
    unit = "" if text.score_unit(point.metric) else f" {text.words(point.metric or '')}, above 0 is better"
    return f" ({text.score_change(point.score_delta, point.metric)} {interval}{unit})."


def _noun(point: PointSummary) -> str:
    """What is lost: accuracy, or quality where the metric counts something (fewer bits are no loss)."""
    return text.words(point.metric or "") if point.metric in text.SHARE_METRICS else "quality"


def _notes(group: Group, named: Entry | None) -> list[Note]:
    """The other points, by verdict, the most telling verdicts first."""
    notes = []
    for verdict in (
        "saves",
        "saves-accuracy-not-measured",
        "saves-but-loses-accuracy",
        "costs-energy",
        "no-detectable-change",
        "inconclusive",
        "failed",
        "skipped",
    ):
        entries = [
            e for e in group.entries if e.point.verdict == verdict and e is not named and e.point.mitigation != "none"
        ]
        if entries:
            notes.append(Note(verdict, tuple(Part(_short(entry)) for entry in entries)))
    return notes


def _short(entry: Entry) -> str:
    point = entry.point
    if point.energy_ratio is None or point.verdict in ("no-detectable-change", "inconclusive"):
        return entry.label
    figures = text.change(point.energy_ratio)
    if point.verdict == "saves-but-loses-accuracy":
        figures += f", {text.score_change(point.score_delta, point.metric)}"
    return f"{entry.label} ({figures})"


def upper_first(label: str) -> str:
    """A capital at the start of a sentence, unless the name has digits (``bf16``, ``int8``)."""
    head = label.split(" ")[0]
    return label if any(character.isdigit() for character in head) else label[:1].upper() + label[1:]
