"""Warnings about a point that only the analysis can see; those of the instruments stand in the record."""

from __future__ import annotations

from suite.analysis.point import accuracy, energy
from suite.record.schema import Record, RecordWarning
from suite.stats import paired

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
    if headline is not None:
        found += _outlying_blocks(record, headline.component)
    if scores is not None and scores.is_at_chance:
        found.append(_baseline_at_chance(scores, record.scores.chance if record.scores else None))
    if scores is not None and record.point.mitigations and _is_blind(scores, margin):
        found.append(_few_scored_items(scores, margin))
    return found


def _outlying_blocks(record: Record, component: str) -> list[RecordWarning]:
    ratios = paired.block_ratios(record.windows, component) or []
    return [
        RecordWarning(
            code="outlying_block",
            message=f"block {number + 1}: its energy ratio {ratio:.3g} lies far from those of the other blocks "
            f"({min(ratios):.3g} to {max(ratios):.3g}); it is kept in the record and left out of every figure",
            remedy="find out what the machine did meanwhile, and measure the point again if it happens often",
        )
        for number, ratio in paired.left_out_blocks(record.windows, component).items()
    ]


def _baseline_at_chance(scores: accuracy.Accuracy, chance: float | None) -> RecordWarning:
    return RecordWarning(
        code="baseline_at_chance",
        message=f"the baseline's {scores.metric} of {scores.baseline:.4g} is not clearly better than the {chance:.4g} "
        "of answers that do not look at the items: it says nothing about what a technique loses",
        remedy="check that labels mean to the model what they mean in the data, and that it is trained for this task",
    )


def _is_blind(scores: accuracy.Accuracy, margin: float) -> bool:
    """Whether what was scored is too little to rule out a loss of ``margin``, though next to nothing changed."""
    low, high = scores.delta.low, scores.delta.high
    return 2 * scores.changed <= scores.items and low is not None and high is not None and low < -margin and high >= 0


def _few_scored_items(scores: accuracy.Accuracy, margin: float) -> RecordWarning:
    sources = "" if scores.sources is None else f" of {scores.sources} sources"
    return RecordWarning(
        code="few_scored_items",
        message=f"{scores.changed or 'no'} answer{'s' if scores.changed > 1 else ''} changed in {scores.items} "
        f"scored items{sources}, which cannot rule out a loss of {margin:g}",
        remedy="score more items (protocol=standard, or more test data)"
        if scores.sources is None
        else "score items of more sources: items of one source count as one as long as hardly any changed",
    )
