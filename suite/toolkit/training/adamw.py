"""Steps of AdamW at a constant rate on batches that lie on the device: what the workloads of training measure."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Sequence

import torch

from suite.core.setup import Setup
from suite.core.task import Batch, Example, cycle
from suite.core.training import Trainer


class AdamWTrainer(Trainer):
    """One batch a step, round and round.

    Args:
        setup: whose model is copied, and whose training says how gradients are taken.
        batches: as ``task.training_batch`` makes them.
        learning_rate: constant.
    """

    def __init__(self, setup: Setup, batches: list[Batch], learning_rate: float) -> None:
        self._setup, self._batches, self._learning_rate = setup, batches, learning_rate
        self.model = setup.ready_module(copy.deepcopy(setup.model).train())
        self._first = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self._optimizer: torch.optim.Optimizer | None = None

    def reset(self) -> None:
        """See Trainer."""
        torch.manual_seed(self._setup.seed)
        self.model.load_state_dict(self._first)
        self.model.train()
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=self._learning_rate)

    def run(self, steps: int, first: int = 0) -> None:
        """See Trainer."""
        if self._optimizer is None:
            self.reset()
        optimizer, setup = self._optimizer, self._setup
        assert optimizer is not None
        with setup.active():
            for index in range(first, first + steps):
                optimizer.zero_grad(set_to_none=True)
                setup.training.backward(setup.task, self.model, self._batches[index % len(self._batches)])
                optimizer.step()


def kept_numbers(parameters: int, trained: int) -> int:
    """Numbers that the trainer holds after a step, beside the model of its setup.

    They are the copy that is trained and its first weights, and a gradient and two moments of each trained number.

    Args:
        parameters: of the model.
        trained: how many of them are trained.
    """
    return 2 * parameters + 3 * trained


def epoch_batches(setup: Setup, most: int) -> list[Batch]:
    """The train split in batches, in an order drawn by the setup's seed; the last is filled up from the first ones.

    Args:
        setup: whose task has the split.
        most: batches that are used of it: a large split is not read further.
    """
    order = list(setup.task.train())
    random.Random(setup.seed).shuffle(order)
    return whole_batches(setup, order[: most * setup.batch_size])


def whole_batches(setup: Setup, examples: Sequence[Example]) -> list[Batch]:
    """``examples`` in whole batches on the device, the last filled up from the first ones."""
    size = setup.batch_size
    filled = cycle(examples, size * math.ceil(len(examples) / size))
    return [setup.task.training_batch(setup, filled[start : start + size]) for start in range(0, len(filled), size)]
