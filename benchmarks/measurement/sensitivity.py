"""Do the embedded tasks see damage? The change of score under strong pruning, 4-bit rounding and 8-bit rounding.

``python -m benchmarks.measurement.sensitivity`` prints a row a task; minutes. Every step is the product's own: a point
is composed, built, applied, proven and scored as in a run, on the test items that ``protocol=scan`` scores (200, the
fewest of any protocol), or those of ``--protocol NAME``. The levels of damage are the same for all tasks. No energy is
measured.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

from suite.analysis.point.accuracy import Accuracy, compare_scores
from suite.analysis.verdict import absolute_margin
from suite.config.build import plan_of
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.config.plan import Plan
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.machine.log_levels import quieten
from suite.measure.point import baseline_setup
from suite.measure.residency import Residency
from suite.measure.scores import scores_of
from suite.measure.stack import AppliedStack, apply_to, effect_of
from suite.record.schema import Arm
from suite.text import numbers

TASKS = (
    "image_classification",
    "text_classification",
    "text_generation",
    "masked_language_modelling",
    "token_classification",
    "question_answering",
    "sentence_similarity",
    "image_generation",
    "image_captioning",
    "summarisation",
)
"""The tasks that have a trained embedded model."""
DAMAGE = ("magnitude_pruning", "nf4")
"""Techniques that should cost score: seven weights in ten become zero; weights in 4 bits."""
HARMLESS = "int8_dynamic"
"""One that should not: weights and activations in 8 bits."""
SETTINGS = {"magnitude_pruning": ["mitigation.magnitude_pruning.sparsity=0.7"]}
PROTOCOL = "scan"


class Change(NamedTuple):
    """A paired change of score, above 0 better, and the largest loss that the task counts as none, in its unit."""

    accuracy: Accuracy
    margin: float

    @property
    def is_loss(self) -> bool:
        """Whether the whole 95 % interval lies below 0."""
        return self.accuracy.delta.high is not None and self.accuracy.delta.high < 0

    @property
    def is_within_margin(self) -> bool:
        """Whether the whole 95 % interval lies above the largest loss that counts as none."""
        return self.accuracy.delta.low is not None and self.accuracy.delta.low >= -self.margin


def change(task: str, technique: str, runs: Path, *, protocol: str = PROTOCOL) -> Change | None:
    """What ``technique`` does to the score of the embedded model of ``task``.

    Args:
        task: one of ``TASKS``.
        technique: a key of conf/mitigation; its settings are its own but for ``SETTINGS``.
        runs: a folder for the baseline's scores, which all techniques share.
        protocol: a key of conf/protocol: it says how many items are scored.

    Returns:
        None where the technique does not apply to the model.
    """
    plan = _plan(task, technique, runs, protocol)
    baseline = baseline_setup(plan)
    try:
        candidate = _proven(plan, baseline)
    except NotApplicable:
        return None
    setups: dict[Arm, Setup] = {"baseline": baseline, "candidate": candidate}
    found = compare_scores(scores_of(plan, setups, Residency(setups, swapped=False)))
    assert found is not None  # trained models are scored
    relative = plan.task.margin_relative
    return Change(found, absolute_margin(plan.task.margin, relative=relative, baseline_score=found.baseline))


def _plan(task: str, technique: str, runs: Path, protocol: str) -> Plan:
    overrides = [f"task={task}", f"mitigation={technique}", *SETTINGS.get(technique, [])]
    overrides += [f"protocol={protocol}", "device=cpu", "name=sensitivity", f"runs_dir={runs}"]
    config = resolved(composed(overrides))
    return plan_of(config, labels(config, overrides))


def _proven(plan: Plan, baseline: Setup) -> Setup:
    """The candidate, its effect proven."""
    steps = [baseline]
    apply_to(steps, plan, swapped=False)
    effect_of(plan, AppliedStack(steps=steps, candidate=steps[-1], cost=None), swapped=False)
    return steps[-1]


def row(task: str, runs: Path, protocol: str) -> str:
    """A row of a Markdown table: the baseline's score and its change under each technique."""
    found = [change(task, technique, runs, protocol=protocol) for technique in (*DAMAGE, HARMLESS)]
    accuracy = next(each for each in found if each is not None).accuracy
    items = f"{accuracy.items} of {accuracy.sources or accuracy.items}"
    score = f"{accuracy.metric.replace('_', ' ')} {numbers.score(accuracy.baseline, accuracy.metric)}"
    return f"| {' | '.join([task.replace('_', ' '), items, score, *map(_cell, found)])} |"


def _cell(found: Change | None) -> str:
    if found is None:
        return "does not apply"
    metric, delta = found.accuracy.metric, found.accuracy.delta
    text = f"{numbers.score_change(delta.estimate, metric)} {numbers.score_interval(delta.low, delta.high, metric)}"
    return f"**{text}**" if found.is_loss else text


def main(arguments: list[str] | None = None) -> None:
    """Prints the table; in bold a loss whose whole interval lies below 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measurement.sensitivity")
    parser.add_argument("tasks", nargs="*", default=TASKS, help="all that have an embedded model, unless named")
    parser.add_argument("--protocol", default=PROTOCOL, help="which says how many items are scored")
    wanted = parser.parse_args(arguments)
    quieten()
    print(f"| task | items of sources | score | {' | '.join((*DAMAGE, HARMLESS))} |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for task in wanted.tasks:
            print(row(task, Path(folder), wanted.protocol), flush=True)


if __name__ == "__main__":
    main()
