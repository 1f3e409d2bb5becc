"""A student trained to answer, and where wanted to see a sample, as the model that it shall replace does."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.toolkit import blocks, effect, layers
from suite.toolkit.training.fit import Loss
from suite.toolkit.training.retraining import own_randomness, retrain

_PROJECTION = "hidden_projection"
"""A part that the student has while it is trained."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a student learns from.

    Attributes:
        temperature: softens both answers, above 0.
        alpha: weight of the loss on the true labels, the rest is on the teacher's answers; in [0, 1].
        hidden_weight: weight of the loss on what the blocks put out, at least 0.
    """

    temperature: float
    alpha: float
    hidden_weight: float


class Teacher:
    """A copy of the setup's model, and the time that it has spent.

    Attributes:
        model: in eval mode.
        passes: batches that it was given.
        seconds: that this took, by the wall clock, the device waited for.
        training_s: that the whole training took, these included.
    """

    def __init__(self, setup: Setup) -> None:
        self.model: Any = layers.editable_copy(setup).eval()
        self.passes, self.seconds, self.training_s = 0, 0.0, 0.0
        self._setup = setup

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """One of its batches inside, without gradients."""
        self._setup.synchronize()  # what the student has queued is none of the teacher's time
        began_s = time.perf_counter()
        with torch.no_grad():
            yield
        self._setup.synchronize()
        self.seconds += time.perf_counter() - began_s
        self.passes += 1

    @contextlib.contextmanager
    def lessons(self) -> Iterator[None]:
        """The whole training inside."""
        began_s = time.perf_counter()
        yield
        self._setup.synchronize()
        self.training_s += time.perf_counter() - began_s

    def figures(self) -> dict[str, Any]:
        """For the proof: its passes, and their share of the time that training took."""
        return {"teacher_passes": self.passes, "teacher_share_of_time": self.seconds / self.training_s}


def teach(student: Setup, teacher: Setup, *, recipe: Recipe, lesson: Lesson) -> None:
    """Trains the student's model in place on the task's train split, towards the teacher's answers.

    What the teacher did is left on the student's model, for ``teaching_of``.

    Raises:
        NotApplicable: the blocks of the two cannot be set against each other, and ``hidden_weight`` is above 0.
    """
    if not recipe.steps:
        return
    model, tutor = layers.module_of(student), Teacher(teacher)
    tutor.model.float()
    watched = _Blocks(model, tutor.model) if lesson.hidden_weight else None
    if watched is not None:
        _project(student, watched)
    with tutor.lessons():
        retrain(student, recipe=recipe, loss=_loss(student, tutor, lesson, watched))
    if hasattr(model, _PROJECTION):
        delattr(model, _PROJECTION)
    keep_figures(student, tutor.figures())


def keep_figures(student: Setup, figures: dict[str, Any]) -> None:
    """Leaves on the student's model what was seen while it was taught, for the proof."""
    vars(layers.module_of(student))["teaching"] = figures


def teaching_of(setup: Setup) -> dict[str, Any]:
    """What the teacher of the setup's model did; empty where it had none."""
    return dict(vars(layers.module_of(setup)).get("teaching", {}))


def _loss(student: Setup, teacher: Teacher, lesson: Lesson, watched: _Blocks | None) -> Loss:
    task = student.task

    def loss(model: Any, batch: Batch) -> torch.Tensor:
        with contextlib.ExitStack() as stack:
            seen = None if watched is None else stack.enter_context(watched.seen())
            with teacher.at_work():
                wanted, _ = task.logits(teacher.model, batch)
            logits, targets = task.logits(model, batch)
        value = answer_loss(logits, wanted, targets, temperature=lesson.temperature, alpha=lesson.alpha)
        if seen is not None:
            project = getattr(model, _PROJECTION, None)
            ours = [states.float() if project is None else project(states.float()) for states in seen.student]
            value = value + lesson.hidden_weight * hidden_loss(ours, seen.teacher, batch.get("attention_mask"))
        return value

    return loss


def answer_loss(
    logits: torch.Tensor, wanted: torch.Tensor, targets: torch.Tensor, *, temperature: float, alpha: float
) -> torch.Tensor:
    """``alpha * CE(student, labels) + (1 - alpha) * T^2 * KL(teacher || student)``, both softened by ``T``.

    The factor ``T^2`` keeps the gradients' size, as Hinton et al. propose.

    Args:
        logits: the student's, (n, classes).
        wanted: the teacher's, (n, classes).
        targets: true classes, (n,).
        temperature: ``T``.
        alpha: in [0, 1].
    """
    soft = functional.kl_div(
        functional.log_softmax(logits / temperature, dim=-1),
        functional.log_softmax(wanted / temperature, dim=-1),
        reduction="batchmean",
        log_target=True,
    )
    return alpha * functional.cross_entropy(logits, targets) + (1 - alpha) * temperature**2 * soft


def hidden_loss(ours: list[torch.Tensor], theirs: list[torch.Tensor], mask: torch.Tensor | None) -> torch.Tensor:
    """1 minus the cosine between what two blocks put out for a token, from 0 to 2, mean over tokens and blocks.

    Args:
        ours: of each block of the student, (batch, tokens, width).
        theirs: of the teacher's blocks that these answer to, as many and of the same shapes.
        mask: (batch, tokens), 0 where a token is padding; None where there is none.
    """
    far = torch.stack(
        [1 - functional.cosine_similarity(one, other.float(), dim=-1) for one, other in zip(ours, theirs, strict=True)]
    )
    if mask is None or mask.shape != far.shape[1:]:
        return far.mean()
    kept = mask.bool().expand_as(far)
    return far[kept].mean()


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Seen:
    student: list[torch.Tensor]
    teacher: list[torch.Tensor]


class _Blocks:
    """The student's blocks, and the teacher's that answer to them: evenly spaced, first and last included."""

    def __init__(self, student: nn.Module, teacher: nn.Module) -> None:
        self.whole_teacher = teacher
        self.student = list(blocks.stack_of(student).modules)
        every = list(blocks.stack_of(teacher).modules)
        self.teacher = [every[index] for index in blocks.spaced(len(every), len(self.student))]

    @contextlib.contextmanager
    def seen(self) -> Iterator[_Seen]:
        """What the blocks put out while the two models answer a batch each inside."""
        seen = _Seen(student=[], teacher=[])
        pairs = [(seen.student, self.student), (seen.teacher, self.teacher)]
        with effect.hooks(
            part.register_forward_hook(lambda _, given, out, states=states: states.append(_states(out)))
            for states, parts in pairs
            for part in parts
        ):
            yield seen


def _states(output: Any) -> torch.Tensor:
    states: torch.Tensor = output[0] if isinstance(output, tuple | list) else output
    return states


def _project(student: Setup, watched: _Blocks) -> None:
    """Gives the student a linear map from its width to the teacher's, for as long as it is trained, if they differ.

    Raises:
        NotApplicable: the two do not cut a sample into the same tokens.
    """
    with watched.seen() as seen, torch.no_grad():
        student.model(**effect.probe_batch(student))
    with watched.seen() as also, torch.no_grad():
        teacher = student.replace(dtype="float32", contexts=())
        watched.whole_teacher(**effect.probe_batch(teacher))
    ours, theirs = seen.student[0], also.teacher[0]
    if ours.shape[:-1] != theirs.shape[:-1]:
        found = " and ".join(str(tuple(states.shape[1:-1])) for states in (ours, theirs))
        raise NotApplicable(f"blocks of the student and of the model cut a sample into other vectors ({found})")
    if ours.shape[-1] == theirs.shape[-1]:
        return
    with own_randomness(student):
        made = nn.Linear(ours.shape[-1], theirs.shape[-1], bias=False).to(student.device)
    layers.module_of(student).add_module(_PROJECTION, made)
