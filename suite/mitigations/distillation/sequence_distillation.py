"""sequence_distillation: a smaller language model learns from texts that the model itself has written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch

from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.tokenizer_fit import stated_limit
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit.training import students
from suite.toolkit.training.fit import shuffled
from suite.toolkit.training.retraining import own_randomness, retrain
from suite.toolkit.training.teaching import Teacher, keep_figures, teaching_of

AT_ONCE = 64
"""Texts that the teacher writes in one batch: decoding reads all weights for each token, whatever the batch."""
IGNORED = -100
"""The label of a token that no loss is taken on."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SequenceDistillation(Mitigation):
    """Has the model continue prompts of the train split, and trains a student on what it wrote.

    Attributes:
        student: another model, smaller; None for a share of the model's own blocks.
        keep_layers_share: share of the blocks that the student keeps, in (0, 1); without a ``student``.
        samples: texts that the teacher writes, at least 1.
        prompt_tokens: tokens of a training text that it continues, at least 1.
        new_tokens: tokens that it writes to each, at least 1.
        temperature: of its drawing of the next token; 0 for always the likeliest.
        training: fields of ``suite.core.recipe.Recipe``: how the student is trained, at least one step.
    """

    intervention: ClassVar[str] = "distillation"
    source: ClassVar[str] = "Kim and Rush 2016, Sequence-Level Knowledge Distillation, arXiv:1606.07947"
    idea: ClassVar[str] = (
        "Let the model (the teacher) write the training texts, and train a smaller one on them: it learns the "
        "teacher's distribution over whole sequences from single draws of it, and the teacher is not asked again."
    )
    effect: ClassVar[str] = (
        "Energy falls about with the layers dropped, on any hardware, or to what the other architecture costs. The "
        "one-off cost is the teacher's writing, token by token (teacher_share_of_time in the proof), and the student's "
        "training; steps beyond the first reading of the texts cost no teacher. Does nothing if no block would be "
        "dropped."
    )
    accuracy: ClassVar[str] = (
        "A loss that shrinks with texts and training; few texts are soon learnt by heart. Random weights have nothing "
        "to teach."
    )
    deviations: ClassVar[str] = (
        "The source takes the likeliest sequence by beam search, for translation; here tokens are drawn, for the "
        "likeliest continuation of an open prompt repeats itself. Prompts are the beginnings of training texts, on "
        "which no loss is taken, and no text of the train split is mixed in."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        generates=True,
        trained=True,
        reads="text",
        suits="models of one stack of equal blocks, unless a student is named",
        reasons={
            "phase": "the student's own training is the one-off cost, measure it in inference",
            "generates": "the teacher has no text to write",
            "trained": "there is nothing to teach",
            "reads": "it is for models that continue a text",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("distillation", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    student: ModelSpec | None
    keep_layers_share: float
    samples: int
    prompt_tokens: int
    new_tokens: int
    temperature: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("sequence_distillation.keep_layers_share", self.keep_layers_share)
        for field in ("samples", "prompt_tokens", "new_tokens"):
            checks.count(f"sequence_distillation.{field}", getattr(self, field), least=1)
        checks.not_negative("sequence_distillation.temperature", self.temperature)
        if checks.recipe("sequence_distillation.training", self.training).steps == 0:
            raise InputError("sequence_distillation.training.steps must be at least 1", got=0, remedy="give 1 or more")

    def apply(self, setup: Setup) -> Setup:
        """Makes the student, has the teacher write, and trains the student on that."""
        if not setup.task.generates:
            raise NotApplicable(f"the task {setup.task.name} generates nothing: the teacher has no text to write")
        longest = stated_limit(setup.model.config)
        if longest is not None and self.prompt_tokens + self.new_tokens > longest:
            raise NotApplicable(
                f"the model takes {longest} tokens, fewer than the {self.prompt_tokens} + {self.new_tokens} of a text"
            )
        made, teacher = students.untaught(setup, self.student, self.keep_layers_share), Teacher(setup)
        recipe = checks.recipe("sequence_distillation.training", self.training)
        with teacher.lessons():
            texts = list(self._texts(setup, teacher))
            retrain(made, recipe=recipe, loss=setup.task.loss, examples=texts, batch_of=batch_of)
        written = {"generated_texts": len(texts), "generated_tokens": sum(int(text["made"]) for text in texts)}
        keep_figures(made, written | teacher.figures())
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters, and blocks or architecture; what the teacher wrote, and its share of the time."""
        return students.smaller(before, after, self.student) | teaching_of(after)

    def _texts(self, setup: Setup, teacher: Teacher) -> Iterator[dict[str, Any]]:
        """``input_ids`` and ``labels`` of a text each, (tokens,), and the number of tokens that were ``made``.

        Raises:
            NotApplicable: no text of the train split is as long as a prompt.
        """
        with own_randomness(setup):
            for prompts in self._prompts(setup):
                with teacher.at_work():
                    ids = teacher.model.generate(
                        input_ids=prompts,
                        attention_mask=torch.ones_like(prompts),
                        max_new_tokens=self.new_tokens,
                        min_new_tokens=self.new_tokens,
                        pad_token_id=teacher.model.generation_config.pad_token_id or 0,  # no row ends before another
                        **_drawing(self.temperature),
                    )
                labels = ids.clone()
                labels[:, : prompts.shape[1]] = IGNORED
                made = ids.shape[1] - prompts.shape[1]
                for row, label in zip(ids.cpu(), labels.cpu(), strict=True):
                    yield {"input_ids": row, "labels": label, "made": made}

    def _prompts(self, setup: Setup) -> Iterator[torch.Tensor]:
        """Beginnings of training texts, (at most ``AT_ONCE``, ``prompt_tokens``); as many as there shall be texts."""
        train = setup.task.train()
        size, left, empty = min(AT_ONCE, self.samples), self.samples, 0
        for chosen in shuffled(train, size, setup.seed):
            batch = setup.task.training_batch(setup, chosen)
            long_enough = batch["attention_mask"][:, : self.prompt_tokens].sum(dim=1) == self.prompt_tokens
            prompts = batch["input_ids"][long_enough, : self.prompt_tokens][:left]
            if len(prompts):
                yield prompts
            left, empty = left - len(prompts), empty + (size if not len(prompts) else 0)
            if left <= 0:
                return
            if empty >= len(train):
                raise NotApplicable(f"no text of the train split has {self.prompt_tokens} tokens for a prompt")


def _drawing(temperature: float) -> dict[str, Any]:
    """Arguments of ``generate``: the teacher's own distribution, neither cut off nor sharpened elsewhere."""
    if temperature == 0:
        return {"do_sample": False}
    return {"do_sample": True, "temperature": float(temperature), "top_k": 0, "top_p": 1.0}


def batch_of(setup: Setup, texts: Sequence[Mapping[str, Any]]) -> Batch:
    """A training batch of ``texts``, all of one length: ``input_ids``, ``attention_mask`` and ``labels``."""
    ids, labels = (torch.stack([text[name] for text in texts]).to(setup.device) for name in ("input_ids", "labels"))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
