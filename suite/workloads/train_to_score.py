"""Train to a score: a query is one whole training run, from the first weights to a score of held-out samples.

A technique of training may make a step dearer and training cheaper, or the other way round; only a whole training
shows it. How many steps an arm needs is found once, ahead of any window, with the course of its score; every
measured training then runs exactly these steps from the same weights on the same batches. The checks of the score
are in no window of either arm. Held-out samples are of the validation split: training never sees a test item, and
the score of an arm is taken on the test split once its training has ended.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from statistics import fmean
from typing import ClassVar

import torch

from suite.core import checks, device_map
from suite.core.setup import Setup
from suite.core.task import Task, with_split
from suite.core.training import Trainer, never
from suite.core.workload import Loop, Rehearsal, Work, Workload
from suite.errors import InputError, NoEffect, NotApplicable
from suite.record.schema import Phase, TrainingCheck
from suite.scoring import items
from suite.toolkit import layers
from suite.toolkit.training.adamw import AdamWTrainer, epoch_batches, kept_numbers
from suite.toolkit.training.retraining import own_randomness

REFERENCE, NONE = "reference", "none"
PART_ROUNDS = 2
"""Of a training, that show what it needs."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainToScore(Workload):
    """Whole trainings with AdamW at a constant rate.

    Attributes:
        default_batch_size: samples a step where the command line names none.
        learning_rate: of AdamW, above 0.
        first_weights: ``random`` or ``current``.
        target_score: a number; ``reference`` for the score that the baseline has after ``reference_steps``; ``none``
            to train ``most_steps``.
        reference_steps: at least 1.
        check_every: steps between two looks at the score, at least 1.
        most_steps: after which a training that has not reached the target is given up, at least 1.
        held_out_items: of the validation split, at most, at least 1.
    """

    phase: ClassVar[Phase] = "training"
    distinct_queries: ClassVar[int | None] = 1
    default_batch_size: int
    learning_rate: float
    first_weights: str
    target_score: float | str
    reference_steps: int
    check_every: int
    most_steps: int
    held_out_items: int

    def __post_init__(self) -> None:
        """Checks the figures."""
        for field in ("default_batch_size", "reference_steps", "check_every", "most_steps", "held_out_items"):
            checks.count(f"workload.{field}", getattr(self, field), least=1)
        checks.positive("workload.learning_rate", self.learning_rate)
        if self.first_weights not in ("random", "current"):
            what = "workload.first_weights must be random or current"
            raise InputError(what, got=self.first_weights, remedy="choose one")
        is_number = isinstance(self.target_score, int | float) and not isinstance(self.target_score, bool)
        if not (is_number and math.isfinite(float(self.target_score))) and self.target_score not in (REFERENCE, NONE):
            what = "workload.target_score must be a number, reference or none"
            raise InputError(what, got=self.target_score, remedy="give for example 0.9")
        if self.target_score == REFERENCE and self.reference_steps > self.most_steps:
            what = "workload.reference_steps must not be above workload.most_steps"
            raise InputError(what, got=self.reference_steps, remedy="raise most_steps")

    def prepared(self, baseline: Setup) -> Setup:
        """The first weights, and the score that both arms have to reach."""
        if baseline.random_weights:
            raise NotApplicable("the model is given random inputs and labels: there is no score to train it to")
        if self.first_weights == "random":
            baseline = baseline.replace(model=fresh(baseline))
        target = None if isinstance(self.target_score, str) else float(self.target_score)
        if self.target_score == REFERENCE:
            trainer = self._trainer(baseline)
            trainer.reset()
            trainer.run(self.reference_steps)
            target = held_out_score(baseline, trainer, self.held_out(baseline.task))
        training = dataclasses.replace(baseline.training, is_whole=True, target_score=target)
        return baseline.replace(training=training)

    def as_counted(self, setup: Setup) -> Setup:
        """One training at a time."""
        return setup.replace(batch_size=1, waiting_batches=1)

    def kept_numbers(self, parameters: int, trained: int) -> int:
        """See Workload."""
        return kept_numbers(parameters, trained)

    def rehearsed(self, setup: Setup) -> Rehearsal:
        """Trains until the score is reached, it is enough, or the last step is done."""
        trainer, held_out = self._trainer(setup), self.held_out(setup.task)
        sign = 1.0 if setup.task.higher_is_better else -1.0
        target, training = setup.training.target_score, setup.training
        seen: list[TrainingCheck] = []
        done, is_enough, is_reached = 0, False, False
        trainer.reset()
        most = trainer.round_steps * max(1, self.most_steps // trainer.round_steps)
        every = trainer.round_steps * math.ceil(self.check_every / trainer.round_steps)
        while done < most and not is_enough and not is_reached:
            steps = min(every, most - done)
            trainer.run(steps, done)
            done += steps
            score = held_out_score(setup, trainer, held_out)
            seen.append(TrainingCheck(steps=done, samples=done * setup.batch_size, score=score))
            is_reached = target is not None and sign * score >= sign * target
            is_enough = training.enough([sign * check.score for check in seen])
        known = setup.replace(training=dataclasses.replace(training, steps=done))
        return Rehearsal(
            setup=known, checks=seen, refusal=_refusal(setup, seen, is_enough=is_enough, is_reached=is_reached)
        )

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Copies the model and puts an epoch of training batches on the device."""
        known = self._known(setup)
        return _WholeTrainings(self._trainer(known), _steps(known), pass_queries)

    def evaluate(self, setup: Setup) -> list[float]:
        """Scores on the test split, at the end of the training."""
        known = self._known(setup)
        trainer = self._trainer(known)
        trainer.reset()
        trainer.run(_steps(known))
        return setup.task.evaluate(setup.replace(model=trainer.model.eval(), phase="inference"))

    def held_out(self, task: Task) -> Task:
        """``task`` with held-out samples in the place of its test items."""
        return with_split(task, "test", items.sample(task.validation(), self.held_out_items, task.seed))

    def _trainer(self, setup: Setup) -> Trainer:
        if setup.training.make_trainer is not None:
            return setup.training.make_trainer(setup, self.learning_rate, self.most_steps)
        return AdamWTrainer(setup, epoch_batches(setup, self.most_steps), self.learning_rate)

    def _known(self, setup: Setup) -> Setup:
        """``setup`` with the steps of its training; rehearses it where nobody has."""
        if setup.training.steps is not None:
            return setup
        found = self.rehearsed(setup)
        if found.refusal is not None:
            raise found.refusal
        return found.setup


class _WholeTrainings(Loop):
    """A list of trainings that are all the same one."""

    def __init__(self, trainer: Trainer, steps: int, pass_queries: int) -> None:
        self._trainer, self._steps, self._queries = trainer, steps, pass_queries

    @property
    def pass_queries(self) -> int:
        return self._queries

    @property
    def shapes(self) -> Sequence[int]:
        return (0,)  # a training has all of its shapes in it

    @property
    def warm_up_queries(self) -> int:
        return 1

    def keep_first(self, queries: int) -> None:
        self._queries = queries

    def reset(self) -> None:
        """Every training begins by it."""

    def run_part(self, queries: int) -> None:
        """The first steps: the second needs what the first has made."""
        self._trainer.reset()
        self._trainer.run(min(self._steps, PART_ROUNDS * self._trainer.round_steps))

    def run(self, queries: int, first: int = 0) -> Work:
        for _ in range(queries):
            self._trainer.reset()
            self._trainer.run(self._steps)
        return Work(queries=queries, batches=queries, tokens=None, latencies_s=None)


def fresh(setup: Setup) -> torch.nn.Module:
    """A model of the same class and configuration with random weights, drawn by the setup's seed.

    Raises:
        NotApplicable: the model has no configuration to be made from.
    """
    model = layers.module_of(setup)
    config = getattr(model, "config", None)
    if config is None:
        raise NotApplicable(f"{type(model).__name__} cannot be made anew: add workload.first_weights=current")
    with own_randomness(setup):
        made: torch.nn.Module = type(model)(copy.deepcopy(config))
    made, places = made.to(setup.torch_dtype).eval(), device_map.places_of(model)
    return device_map.place(made, places) if places else made.to(setup.device)


def held_out_score(setup: Setup, trainer: Trainer, held_out: Task) -> float:
    """Mean score of the model as it is now; it goes on training afterwards."""
    trainer.model.eval()
    scored = setup.replace(model=trainer.model, task=held_out, phase="inference")
    score = fmean(held_out.evaluate(scored))
    trainer.model.train()
    return score


def _steps(setup: Setup) -> int:
    assert setup.training.steps is not None
    return setup.training.steps


def _refusal(
    setup: Setup, seen: Sequence[TrainingCheck], *, is_enough: bool, is_reached: bool
) -> NotApplicable | NoEffect | None:
    target, last = setup.training.target_score, seen[-1]
    if target is not None and not is_reached:
        best = (max if setup.task.higher_is_better else min)(check.score for check in seen)
        return NotApplicable(
            f"the {setup.task.metric} of held-out samples came to {best:.4g} at best in {last.steps} steps, not to the "
            f"target of {target:.4g}"
        )
    if setup.training.enough is not never and not is_enough:
        return NoEffect(f"the training went on to its end after {last.steps} steps: what would have cut it never came")
    return None
