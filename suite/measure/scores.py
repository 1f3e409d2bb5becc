"""Scores of both arms on the same test items; the baseline's are computed once a run."""

from __future__ import annotations

import math
from statistics import fmean

import msgspec

from suite.config.plan import Plan
from suite.core.setup import Setup
from suite.core.task import FurtherScore
from suite.errors import ImpossibleOutput, LosesTooMuch
from suite.io.atomic import write_whole
from suite.machine import environment
from suite.measure.residency import Residency
from suite.record.hashing import digest
from suite.record.schema import Arm, Scores

_DECIDE = ("task", "model", "workload", "seed", "threads", "contents")
"""Keys of the configuration that the baseline's scores depend on."""


def scores_of(plan: Plan, setups: dict[Arm, Setup], residency: Residency) -> Scores | None:
    """The scores of both arms; None for random weights, whose scores mean nothing.

    Raises:
        ImpossibleOutput: a score is not finite.
    """
    baseline, candidate = setups["baseline"], setups["candidate"]
    if baseline.random_weights:
        return None
    residency.bring("baseline")
    reference = _baseline_scores(plan, baseline)
    residency.bring("candidate")
    scores = finite(plan.workload.evaluate(candidate), "candidate")
    return Scores(
        metric=plan.task.metric,
        higher_is_better=plan.task.higher_is_better,
        baseline=reference,
        candidate=scores,
        clusters=plan.task.clusters(),
        chance=plan.task.chance_score(),
        scored_from=plan.task.scored_from(),
    )


def further_scores_of(
    plan: Plan, setups: dict[Arm, Setup], scores: Scores | None, residency: Residency
) -> list[Scores]:
    """What the task scores beside ``scores``, where both arms have it; empty in training.

    A score that is not finite in an arm is left out: it is not what the point is judged by.
    """
    if scores is None or plan.point.phase == "training":
        return []
    residency.bring("baseline")
    before = _baseline_further_scores(plan, setups["baseline"], scores.baseline)
    residency.bring("candidate")
    candidate = setups["candidate"]
    after = {each.metric: each for each in candidate.task.further_scores(candidate, scores.candidate)}
    return [_paired(each, after[each.metric]) for each in before if _are_comparable(each, after.get(each.metric))]


def _are_comparable(one: FurtherScore, other: FurtherScore | None) -> bool:
    if other is None or len(one.items) != len(other.items) or one.tokens != other.tokens:
        return False
    return all(map(math.isfinite, (*one.items, *other.items)))


def _paired(baseline: FurtherScore, candidate: FurtherScore) -> Scores:
    return Scores(
        metric=baseline.metric,
        higher_is_better=baseline.higher_is_better,
        baseline=baseline.items,
        candidate=candidate.items,
        clusters=baseline.clusters,
    )


def check_gate(scores: Scores | None, gate: float | None) -> None:
    """Passes where the candidate's mean score is at most ``gate`` worse than the baseline's, in the score's unit.

    Args:
        scores: of both arms; None where nothing was scored, which passes.
        gate: at least 0; None passes all.

    Raises:
        LosesTooMuch: it is worse.
    """
    if scores is None or gate is None:
        return
    change = fmean(scores.candidate) - fmean(scores.baseline)
    loss = -change if scores.higher_is_better else change
    if loss > gate:
        raise LosesTooMuch(f"{scores.metric} is worse by {loss:.4g}, more than protocol.score_gate={gate:g} allows")


def finite(scores: list[float], arm: Arm) -> list[float]:
    """``scores``, all of them finite.

    Raises:
        ImpossibleOutput: one is not.
    """
    broken = sum(not math.isfinite(score) for score in scores)
    if broken:
        raise ImpossibleOutput(f"{broken} of {len(scores)} scores of the {arm} are not finite")
    return scores


def _baseline_scores(plan: Plan, baseline: Setup) -> list[float]:
    """The baseline's scores, computed once for all points of the run that share it."""
    file = plan.scores_folder / f"{_key(plan)}.json"
    if file.is_file():
        return msgspec.json.decode(file.read_bytes(), type=list[float])
    scores = finite(plan.workload.evaluate(baseline), "baseline")
    write_whole(file, msgspec.json.encode(scores))
    return scores


def _baseline_further_scores(plan: Plan, baseline: Setup, scores: list[float]) -> list[FurtherScore]:
    """The same of what is scored beside."""
    file = plan.scores_folder / f"{_key(plan)}-further.json"
    if file.is_file():
        return msgspec.json.decode(file.read_bytes(), type=list[FurtherScore])
    found = [each for each in plan.task.further_scores(baseline, scores) if all(map(math.isfinite, each.items))]
    write_whole(file, msgspec.json.encode(found))
    return found


def _key(plan: Plan) -> str:
    """Names all that the baseline's scores depend on."""
    point = plan.point
    shared = {name: plan.config.get(name) for name in _DECIDE}
    shared |= {"batch_size": point.batch_size, "dtype": point.dtype, "device": point.device, "runtime": point.runtime}
    shared |= {} if point.device_map is None else {"device_map": point.device_map}
    shared |= {"packages": environment.packages(), "hardware": environment.hardware(point.device)["name"]}
    return digest(shared)
