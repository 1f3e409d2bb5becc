"""Training steps: forward, backward and optimiser step on samples of the train split.

A query is one training sample. Weights and optimiser go back to their first state before each window, so
that every window trains the same steps. The score of an arm is that of the model after ``scored_steps``
steps from those weights: techniques that spoil training show there.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, cycle
from suite.core.workload import Loop, Work, Workload, first_of_each_shape
from suite.record.schema import Phase


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

    def evaluate(self, setup: Setup) -> list[float]:
        """Scores after ``scored_steps`` steps."""
        loop = _TrainingLoop(setup, self.scored_steps * setup.batch_size, self.learning_rate)
        loop.reset()
        loop.run(loop.pass_queries)
        return setup.task.evaluate(setup.replace(model=loop.model.eval(), phase="inference"))


class _TrainingLoop(Loop):
    def __init__(self, setup: Setup, pass_queries: int, learning_rate: float) -> None:
        examples = cycle(setup.task.train(), pass_queries)
        size = setup.batch_size
        self._setup, self._learning_rate = setup, learning_rate
        self._batches: list[Batch] = [
            setup.task.training_batch(setup, examples[start : start + size]) for start in range(0, pass_queries, size)
        ]
        self.model: torch.nn.Module = setup.ready_module(copy.deepcopy(setup.model).train())
        self._first = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self._optimizer: torch.optim.Optimizer | None = None

    @property
    def pass_queries(self) -> int:
        return len(self._batches) * self._setup.batch_size

    @property
    def shapes(self) -> Sequence[int]:
        return first_of_each_shape(self._batches, self._setup.batch_size)

    def keep_first(self, queries: int) -> None:
        del self._batches[queries // self._setup.batch_size :]

    def reset(self) -> None:
        """First weights, a new optimiser, the same dropout masks."""
        torch.manual_seed(self._setup.seed)
        self.model.load_state_dict(self._first)
        self.model.train()
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=self._learning_rate)

    def run(self, queries: int, first: int = 0) -> Work:
        if self._optimizer is None:
            self.reset()
        optimizer, setup = self._optimizer, self._setup
        assert optimizer is not None
        batches, skipped = queries // setup.batch_size, first // setup.batch_size
        with setup.active():
            for index in range(skipped, skipped + batches):
                loss = setup.task.loss(self.model, self._batches[index % len(self._batches)])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
        return Work(queries=batches * setup.batch_size, batches=batches, tokens=None, latencies_s=None)
