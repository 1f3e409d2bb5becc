"""task_specific_model: a model with a head, in the place of a language model that is asked for the label."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.other_architecture import load_other
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Task
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskSpecificModel(Mitigation):
    """Answers the same items with a model that is made for the task.

    Attributes:
        specialist: that model, trained already; None is not applicable.
    """

    intervention: ClassVar[str] = "efficient_architectures"
    source: ClassVar[str] = (
        "Luccioni, Jernite and Strubell 2024, Power Hungry Processing, doi:10.1145/3630106.3658542, section 4.3: "
        "task-specific models against multi-purpose ones on the same tasks"
    )
    idea: ClassVar[str] = (
        "A language model can be asked to classify: it reads a prompt and writes the label token by token. An encoder "
        "with a head for these labels reads the text once and writes nothing. Both answer the same items here."
    )
    effect: ClassVar[str] = (
        "Energy falls with the tokens that are no longer read and written, and with the parameters that are no longer "
        "used for each; most where a large model of all trades is replaced. Nothing is saved where the specialist is "
        "as large and the answer is one token."
    )
    accuracy: ClassVar[str] = (
        "Often higher, since the specialist was trained on such labels; lower where it was trained on other texts."
    )
    deviations: ClassVar[str] = (
        "The specialist is ready-made: its training is not counted, as that of the language model is not. The study's "
        "multi-purpose models were asked without training on the task; the embedded one was trained on nothing else."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        prompted=True,
        reasons={
            "phase": "both models are ready-made",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("efficient_architectures",)
    before: ClassVar[tuple[str, ...]] = (
        "pruning",
        "quantisation",
        "distillation",
        "adaptive_computation",
        "graph",
        "training",
    )
    stack_reason: ClassVar[str] = "it puts another model in the place of what was done to the first"

    specialist: ModelSpec | None

    def asked(self, task: Task) -> Task | None:
        """See Mitigation. The same items, as a model with a head is asked them."""
        return task.as_task_specific()

    def apply(self, setup: Setup) -> Setup:
        """The specialist and its task, in the place of the model and its own."""
        task = setup.task.as_task_specific()
        if task is None:
            raise NotApplicable(f"the task {setup.task.name} asks a model that is made for it already")
        if self.specialist is None:
            raise NotApplicable("no task-specific model of conf/model was named")
        asked = setup.replace(task=task)
        model, processor = load_other(self.specialist, asked)
        made = asked.replace(model=model, processor=processor)
        effect.require_answer(made, f"in place of {effect.architecture(setup)}")
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Architectures and parameters, before and after, and how each is asked."""
        seen = effect.changes(before, after)
        seen["architecture"] = {"before": effect.architecture(before), "after": effect.architecture(after)}
        seen["task"] = {"before": before.task.name, "after": after.task.name}
        happened = before.task.generates and not after.task.generates
        return effect.require(happened, "the model in its place still writes its answers token by token", seen)
