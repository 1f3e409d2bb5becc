"""What was found, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from suite.analysis.summary import PointSummary
from suite.report.prose.asides import asides
from suite.report.prose.parts import Part, parts
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import N_, _, ngettext


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


SAVES = (
    (
        "saves",
        N_(
            "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal} with "
            "**no detectable loss of {quality}** ({change})."
        ),
    ),
    (
        "saves-accuracy-not-measured",
        N_(
            "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal}; "
            "its accuracy was not measured."
        ),
    ),
    (
        "saves-but-loses-accuracy",
        N_(
            "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal} but "
            "**loses {quality}** ({change})."
        ),
    ),
)
"""The sentence for each verdict that names a technique, the best verdict first."""
SAVES_AND_LOSS_IS_OPEN = N_(
    "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal}; whether it **loses {quality}** is "
    "open ({change})."
)
"""Where the energy alone is told from no change, and no technique has a better verdict."""
SAVES_WITH_THE_SAME = {
    True: N_(
        "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal} with **the same answer on all "
        "{items} items**, which rules out a loss of more than {excluded}."
    ),
    False: N_(
        "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal} with **the same score on all "
        "{items} items**, which rules out a loss of more than {excluded}."
    ),
}
"""Where no item's score changed; for answers that are right or wrong, and for other scores."""
SAVES_WITHIN_MARGIN = N_(
    "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal} with a loss of "
    "**{quality} within the margin** ({change})."
)

SAVES_BUT_CHANCE = N_(
    "**{technique}** saves **{share}** {interval} of the energy per {query}{unreal}; its accuracy cannot be judged, "
    "since **the baseline itself scores no better than chance**."
)


def answer(task: str, groups: Sequence[Group]) -> Answer:
    """What the groups of one task say: one leads, the others follow in short."""
    leading = leading_group(groups)
    if leading is None:
        return Answer(task, "skipped", parts(_("No point of this task ended with a result.")), (), ())
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
        return "skipped", parts(_("Only the baseline ended with a result.")), None
    for verdict, sentence in SAVES:
        best = next((entry for entry in tried if entry.point.claim == verdict), None)
        if best is not None:
            return verdict, saving_sentence(best, group, sentence), best
    open_loss = next((entry for entry in tried if _saves_energy(entry.point)), None)
    if open_loss is not None:
        return "inconclusive", saving_sentence(open_loss, group, SAVES_AND_LOSS_IS_OPEN), open_loss
    words = ngettext(
        "The one technique measured here does not clearly save energy per {query}.",
        "None of the {count} techniques measured here clearly saves energy per {query}.",
        len(tried),
    )
    return "no-detectable-change", parts(words, count=text.whole(len(tried)), query=_(group.query)), None


def _saves_energy(point: PointSummary) -> bool:
    """Whether the energy is told to be less, whatever the score."""
    return point.is_energy_claimed and point.energy_ratio is not None and point.energy_ratio < 1


def saving_sentence(entry: Entry, group: Group, sentence: str) -> tuple[Part, ...]:
    """One of ``SAVES`` with the figures of a point that saves; its intervals are the corrected ones."""
    point = entry.point
    assert point.energy_ratio is not None
    low, high = delta_ends(point)
    if point.claim == "saves" and high is not None and high < 0:
        sentence = SAVES_WITHIN_MARGIN
    elif point.claim == "saves" and point.changed_items == 0:
        sentence = SAVES_WITH_THE_SAME[point.metric in text.SHARE_METRICS]
    elif point.is_at_chance:
        sentence = SAVES_BUT_CHANCE
    is_unreal = point.energy_basis in ("simulated", "replayed")  # named as such, even in the headline
    claim = parts(
        _(sentence),
        technique=upper_first(entry.label),
        share=text.saving(point.energy_ratio),
        interval=text.saving_interval(*ratio_ends(point)),
        items=text.whole(point.scored_items),
        excluded=with_metric(text.score_loss(low, point.metric), point),
        query=_(group.query),
        unreal=f" ({text.words(point.energy_basis or '')})" if is_unreal else "",
        quality=quality(point),
        change=_change(point),
    )
    return claim + asides(point)


def same_scores(point: PointSummary) -> str:
    """That no item's score changed."""
    of_answers = _("the same answer on all {items} items")
    of_scores = _("the same score on all {items} items")
    return (of_answers if point.metric in text.SHARE_METRICS else of_scores).format(
        items=text.whole(point.scored_items)
    )


def scored(group: Group) -> str:
    """What the comparison's scores are of; empty where nothing was scored, or its records do not say."""
    found = dict.fromkeys(entry.point.scored_from for entry in group.ok if entry.point.scored_from)
    return _("Scored: {what}.").format(what="; ".join(str(each) for each in found)) if found else ""


def quality(point: PointSummary) -> str:
    """What may be lost: accuracy, or quality where the metric counts something (fewer bits are no loss)."""
    return text.words(point.metric or "") if point.metric in text.SHARE_METRICS else _("quality")


def ratio_ends(point: PointSummary) -> tuple[float | None, float | None]:
    """Ends of the energy ratio's interval after correction; those of 95 % where the correction is not known."""
    if point.energy_ratio_low_corrected is None:
        return point.energy_ratio_low, point.energy_ratio_high
    return point.energy_ratio_low_corrected, point.energy_ratio_high_corrected


def delta_ends(point: PointSummary) -> tuple[float | None, float | None]:
    """As ``ratio_ends``, of the difference of scores."""
    if point.score_delta_low_corrected is None:
        return point.score_delta_low, point.score_delta_high
    return point.score_delta_low_corrected, point.score_delta_high_corrected


def with_metric(loss: str, point: PointSummary) -> str:
    """A loss with the name of what is lost, where its unit does not say it."""
    unnamed = text.score_unit(point.metric) or point.metric is None
    return loss if unnamed else f"{loss} {text.words(point.metric or '')}"


def _change(point: PointSummary) -> str:
    interval = text.score_interval(*delta_ends(point), point.metric)
    change = f"{text.score_change(point.score_delta, point.metric)} {interval}"
    if text.score_unit(point.metric) or point.metric is None:
        return change
    return _("{change} {metric}, above 0 is better").format(change=change, metric=text.words(point.metric))


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
            e for e in group.entries if e.point.claim == verdict and e is not named and e.point.mitigation != "none"
        ]
        if entries:
            notes.append(Note(verdict, tuple(Part(_short(entry)) for entry in entries)))
    return notes


def _short(entry: Entry) -> str:
    point = entry.point
    is_open = point.claim == "inconclusive" and point.is_energy_claimed  # of the score alone
    if point.energy_ratio is None or (point.claim in ("no-detectable-change", "inconclusive") and not is_open):
        return entry.label
    figures = text.change(point.energy_ratio)
    if point.claim == "saves-but-loses-accuracy":
        figures += f", {text.score_change(point.score_delta, point.metric)}"
    if is_open:
        loss = with_metric(text.score_loss(delta_ends(point)[0], point.metric), point)
        figures += ", " + _("a loss of {loss} not ruled out").format(loss=loss)
    if point.missed_latency_gates:
        figures += ", " + _("misses the latency gate")
    return f"{entry.label} ({figures})"


def upper_first(label: str) -> str:
    """A capital at the start of a sentence, unless the name has digits (``bf16``, ``int8``)."""
    head = label.split(" ")[0]
    return label if any(character.isdigit() for character in head) else label[:1].upper() + label[1:]
