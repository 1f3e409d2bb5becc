"""A technique that trains, trained again with other seeds: how much of its score is the draw of one."""

from __future__ import annotations

from statistics import fmean

from suite.config.plan import Plan
from suite.core.setup import Setup
from suite.measure.observer import Observer
from suite.measure.residency import Residency, release_unused
from suite.measure.scores import finite
from suite.measure.stack import apply_to, executed
from suite.record.schema import Scores, SeedScore


def seed_scores(
    plan: Plan, baseline: Setup, scores: Scores | None, residency: Residency, observer: Observer
) -> list[SeedScore]:
    """The candidate's mean score after training with each seed, the measured one first.

    Args:
        plan: says how many seeds.
        baseline: what techniques start from.
        scores: of the measured one; None where nothing is scored, and then nothing is trained again.
        residency: of the measured arms.
        observer: told which seed is at work.

    Returns:
        Empty where one seed was asked for.

    Raises:
        ImpossibleOutput: a score is not finite.
    """
    if plan.seeds == 1 or scores is None:
        return []
    found = [SeedScore(seed=plan.seed, score=fmean(scores.candidate))]
    for seed in range(plan.seed + 1, plan.seed + plan.seeds):
        observer.stage(f"training again with seed {seed}")
        residency.bring("baseline")
        steps = [baseline.replace(seed=seed)]
        apply_to(steps, plan, swapped=residency.is_swapped)
        scored = plan.workload.evaluate(executed(plan, baseline, steps[-1]))
        found.append(SeedScore(seed=seed, score=fmean(finite(scored, "candidate"))))
        del steps
        residency.forget()
    release_unused()
    return found
