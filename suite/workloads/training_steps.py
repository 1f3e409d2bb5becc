"""Training steps: forward, backward and optimiser step on samples of the train split.

A query is one training sample. Weights and optimiser go back to their first state before each window, so
that every window trains the same steps. The score of an arm is that of the model after ``scored_steps``
steps from those weights: techniques that spoil training show there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import cycle
from suite.core.workload import Loop, Work, Workload, first_of_each_shape
from suite.record.schema import Phase
from suite.toolkit.training.adamw import AdamWTrainer, kept_numbers, whole_batches


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingSteps(Workload):
    """Optimiser steps of AdamW at a constant rate.

    Attributes:
        default_batch_size: samples a step where the command line names none.
        learning_rate: of AdamW, above 0.
        scored_steps: steps before an arm is scored, at least 1.
    """

    phase: ClassVar[Phase] = "training"
    default_batch_size: int
    learning_rate: float
    scored_steps: int

    def __post_init__(self) -> None:
        """Checks the figures."""
        checks.count("workload.default_batch_size", self.default_batch_size, least=1)
        checks.count("workload.scored_steps", self.scored_steps, least=1)
        checks.positive("workload.learning_rate", self.learning_rate)

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """Copies the model and puts training batches on the device."""
        return _TrainingLoop(setup, pass_queries, self.learning_rate)

    def kept_numbers(self, parameters: int, trained: int) -> int:
        """See Workload."""
        return kept_numbers(parameters, trained)

    def evaluate(self, setup: Setup) -> list[float]:
        """Scores after ``scored_steps`` steps."""
        loop = _TrainingLoop(setup, self.scored_steps * setup.batch_size, self.learning_rate)
        loop.reset()
        loop.run(loop.pass_queries)
        return setup.task.evaluate(setup.replace(model=loop.model.eval(), phase="inference"))


class _TrainingLoop(Loop):
    def __init__(self, setup: Setup, pass_queries: int, learning_rate: float) -> None:
        examples = cycle(setup.task.train(), pass_queries)
        self._size = setup.batch_size
        self._batches = whole_batches(setup, examples)
        self._trainer = AdamWTrainer(setup, self._batches, learning_rate)

    @property
    def model(self) -> torch.nn.Module:
        """What is trained."""
        return self._trainer.model

    @property
    def pass_queries(self) -> int:
        return len(self._batches) * self._size

    @property
    def shapes(self) -> Sequence[int]:
        return first_of_each_shape(self._batches, self._size)

    def keep_first(self, queries: int) -> None:
        del self._batches[queries // self._size :]

    def reset(self) -> None:
        """First weights, a new optimiser, the same dropout masks."""
        self._trainer.reset()

    def run(self, queries: int, first: int = 0) -> Work:
        batches = queries // self._size
        self._trainer.run(batches, first // self._size)
        return Work(queries=batches * self._size, batches=batches, tokens=None, latencies_s=None)
