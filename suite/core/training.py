"""Training: how a workload that trains goes about it. Techniques of training change it, as they change a setup."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from suite.core.setup import Setup
    from suite.core.task import Batch, Task


class Trainer(ABC):
    """A model in training, with its data and optimiser; it goes back to its first weights as often as wanted.

    Attributes:
        model: what is trained, a copy of the setup's.
        round_steps: steps that cannot be parted: counts of steps are whole multiples of it.
    """

    model: torch.nn.Module
    round_steps: int = 1

    @abstractmethod
    def reset(self) -> None:
        """First weights, a new optimiser, the same random numbers."""

    @abstractmethod
    def run(self, steps: int, first: int = 0) -> None:
        """Trains ``steps`` steps, of which the first is number ``first`` since the last reset. Does not synchronise."""


MakeTrainer = Callable[["Setup", float, int], Trainer]
"""A trainer of a setup's model at a learning rate, for so many steps at most."""


def whole_batch(task: Task, model: Any, batch: Batch) -> None:
    """Adds the gradients of the batch's mean loss to those of ``model``, in one pass."""
    task.loss(model, batch).backward()


def never(scores: Sequence[float]) -> bool:
    """No training is ever long enough."""
    return False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """How the setup's model is trained, where the phase is training.

    Attributes:
        is_whole: the workload trains from first weights to an end, so that how long that takes counts; else it trains
            steps, however many there may be to come.
        target_score: of held-out samples, at which a whole training ends; None where it ends with its last step.
        steps: of a whole training, once they are known.
        backward: adds the gradients of a batch's mean loss to the model's: of the task, the model and the batch.
        enough: whether a whole training ends, by its held-out scores so far (higher is better, whatever the metric).
        make_trainer: what trains; None for AdamW on one batch a step.
    """

    is_whole: bool = False
    target_score: float | None = None
    steps: int | None = None
    backward: Callable[[Task, Any, Batch], None] = whole_batch
    enough: Callable[[Sequence[float]], bool] = never
    make_trainer: MakeTrainer | None = None
