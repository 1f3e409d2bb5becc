"""Warnings about a point that only the analysis can see; those of the instruments stand in the record."""

from __future__ import annotations

from suite.analysis.point import accuracy, energy
from suite.record.schema import Record, RecordWarning

NO_HEADLINE = RecordWarning(
    code="no_headline_energy",
    message="no component was read in every window in one way, so this point has no energy figure",
    remedy="measure the point again with one meter",
)
UNUSABLE_SCORES = RecordWarning(
    code="unusable_scores",
    message="the scores of the two arms do not match item by item, or one is not a finite number; none is shown",
    remedy="look at the candidate's outputs: a technique that yields NaN has broken the model",
)


def caveats(
    record: Record, headline: energy.Headline | None, scores: accuracy.Accuracy | None, margin: float
) -> list[RecordWarning]:
    """What weakens the figures of a point that ran, the gravest first.

    Args:
        record: of the point.
        headline: None where no component speaks for the point.
        scores: None where the two arms were not scored, or cannot be compared.
        margin: the largest loss of the score that still counts as none.
    """
    found = [NO_HEADLINE] if headline is None else []
    if record.scores is not None and scores is None:
        found.append(UNUSABLE_SCORES)
    if scores is not None and record.point.mitigations and accuracy.is_blind(scores, margin):
        found.append(_few_scored_items(scores, margin))
    return found


def _few_scored_items(scores: accuracy.Accuracy, margin: float) -> RecordWarning:
    return RecordWarning(
        code="few_scored_items",
        message=f"{scores.changed or 'no'} answer{'s' if scores.changed > 1 else ''} changed in {scores.items} "
        f"scored items, which cannot rule out a loss of {margin:g}",
        remedy="score more items (protocol=standard, or more test data)",
    )
