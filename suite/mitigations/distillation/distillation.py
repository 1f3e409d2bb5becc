"""distillation: a smaller student learns to answer as the model does."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.checkpoints.model_spec import ModelSpec
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit.training import students
from suite.toolkit.training.teaching import Lesson, teach, teaching_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Distillation(Mitigation):
    """Trains a student: a share of the model's own blocks, or another model.

    Attributes:
        student: another model, smaller; None for a share of the model's own blocks.
        keep_layers_share: share of the blocks that the student keeps, in (0, 1); without a ``student``.
        temperature: softens both answers, above 0.
        alpha: weight of the loss on the true labels; the rest is on the teacher's answers. In [0, 1].
        hidden_weight: weight of the loss on what the student's blocks put out, at least 0.
        training: fields of ``suite.core.recipe.Recipe``: how the student is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "distillation"
    source: ClassVar[str] = (
        "Hinton et al. 2015, Distilling the Knowledge in a Neural Network, arXiv:1503.02531; the student's start "
        "and the loss on hidden states from Sanh et al. 2019, DistilBERT, arXiv:1910.01108; its projection from Jiao "
        "et al. 2020, TinyBERT, arXiv:1909.10351"
    )
    idea: ClassVar[str] = (
        "Train a smaller network on the train split towards the model's (the teacher's) softened answers and the true "
        "labels, and where hidden_weight is set towards what the teacher's blocks put out. The student is made of "
        "evenly spaced blocks of the teacher, first and last included, or is a model of another architecture."
    )
    effect: ClassVar[str] = (
        "Energy falls about with the layers dropped, on any hardware, or to what the other architecture costs. The "
        "one-off cost is the student's training and the teacher's passes in it, of whose time the proof gives the "
        "share (teacher_share_of_time). Does nothing if no block would be dropped."
    )
    accuracy: ClassVar[str] = (
        "A loss that shrinks with training; a student with weights of its own starts from nothing and needs far more "
        "of it. Random weights have nothing to teach."
    )
    deviations: ClassVar[str] = (
        "No loss on hidden states by default; where there is one it is 1 minus the cosine, through one linear map that "
        "training learns where the widths differ (TinyBERT: the mean squared error). Temperature 1 by default: on a "
        "byte-level language model, 120 steps, one seed, the student reached a cross-entropy of 2.43 with it, 2.54 "
        "with labels alone, and 2.68 at temperature 2."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        class_logits=True,
        trained=True,
        suits="models of one stack of equal blocks, unless a student is named",
        reasons={
            "phase": "the student's own training is the one-off cost, measure it in inference",
            "trained": "there is nothing to teach",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("distillation", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    student: ModelSpec | None
    keep_layers_share: float
    temperature: float
    alpha: float
    hidden_weight: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("distillation.keep_layers_share", self.keep_layers_share)
        checks.positive("distillation.temperature", self.temperature)
        checks.closed_share("distillation.alpha", self.alpha)
        checks.not_negative("distillation.hidden_weight", self.hidden_weight)
        checks.recipe("distillation.training", self.training)

    def apply(self, setup: Setup) -> Setup:
        """Makes the student and trains it on the train split."""
        made = students.untaught(setup, self.student, self.keep_layers_share)
        recipe = checks.recipe("distillation.training", self.training)
        lesson = Lesson(temperature=self.temperature, alpha=self.alpha, hidden_weight=self.hidden_weight)
        teach(made, setup, recipe=recipe, lesson=lesson)
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters, and blocks or architecture, before and after; the teacher's passes and share of the time."""
        return students.smaller(before, after, self.student) | teaching_of(after)
