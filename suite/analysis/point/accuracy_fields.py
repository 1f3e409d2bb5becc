"""The fields of a point's summary that hold scores."""

from __future__ import annotations

import statistics
from typing import Any

from suite.analysis.point.accuracy import Accuracy
from suite.analysis.verdict import absolute_margin
from suite.record.schema import Record, Scores


def _seed_fields(record: Record) -> dict[str, Any]:
    """How far the score depends on the seed of a training: lowest, highest and standard deviation over the seeds."""
    if not any(use.recipe for use in record.point.mitigations):
        return {}
    scores = [each.score for each in record.seed_scores]
    if len(scores) < 2:
        return {"seeds": 1}
    return {
        "seeds": len(scores),
        "score_over_seeds_low": min(scores),
        "score_over_seeds_high": max(scores),
        "score_over_seeds_sd": statistics.stdev(scores),
    }


def accuracy_fields(record: Record, found: Accuracy | None) -> dict[str, Any]:
    """Scores of both arms and their difference, where they can be compared; in any case the task's margin."""
    task = record.config.get("task")
    task = task if isinstance(task, dict) else {}
    margin = absolute_margin(
        float(task.get("margin") or 0.0),
        relative=bool(task.get("margin_relative")),
        baseline_score=found.baseline if found else None,
    )
    if found is None or record.scores is None:
        return {"margin": margin}
    return {
        "margin": margin,
        "metric": found.metric,
        "higher_is_better": record.scores.higher_is_better,
        "baseline_score": found.baseline,
        "score": found.candidate,
        "score_delta": found.delta.estimate,
        "score_delta_low": found.delta.low,
        "score_delta_high": found.delta.high,
        "mcnemar_p": found.mcnemar_p,
        "scored_items": found.items,
        "changed_items": found.changed,
        "scored_sources": found.sources,
        "score_design_effect": found.design_effect,
        "score_estimate": found.estimate,
        "scored_from": record.scores.scored_from,
        "chance_score": record.scores.chance,
        "is_at_chance": found.is_at_chance,
        **_seed_fields(record),
    }


def per_correct_fields(scores: Scores | None, energy: dict[str, Any]) -> dict[str, float | None]:
    """Joules an answer that is right, of both arms: energy of a query over the share of right answers.

    None where scores are not right or wrong (1 or 0), where no answer is right, or where energy is not known.

    Args:
        scores: of both arms.
        energy: the fields that hold joules a query.
    """
    arms = {"baseline_": scores.baseline, "": scores.candidate} if scores else {}
    return {
        f"{prefix}energy_per_correct_j": _per_correct(values, energy.get(f"{prefix}energy_per_query_j"))
        for prefix, values in arms.items()
    }


def _per_correct(scores: list[float], energy_per_query_j: float | None) -> float | None:
    if energy_per_query_j is None or not set(scores) <= {0.0, 1.0} or not any(scores):
        return None
    return energy_per_query_j * len(scores) / sum(scores)
