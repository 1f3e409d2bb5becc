"""Classification by a language model that is asked for the label: the multi-purpose way to a task-specific answer.

Items, labels and queries are those of another task, which has a model with a head for it, so that the two ways are
compared on the same items. The model continues a prompt that holds the text; the label that its answer begins with is
its answer. The comparison is that of Luccioni, Jernite and Strubell 2024 (doi:10.1145/3630106.3658542, section 4.3).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, ClassVar

from suite.checkpoints.tokenizer_fit import stated_limit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example, Task
from suite.data.labels import ClassNumber, Label
from suite.errors import InputError, NotApplicable
from suite.scoring import items
from suite.scoring.causal import IGNORED, Causal, check_continues, padded, token_rows
from suite.scoring.classification import Classification

TEXT, LABELS = "{text}", "{labels}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PromptedClassification(Causal):
    """The score of an item is 1 where the answer begins with its label, else 0; capitals do not count.

    Attributes:
        task_specific: the same items for a model with a head.
        prompt: what the model continues; ``{text}`` stands for the item's text, ``{labels}`` for all labels.
        random_tokens: length of the random token ids that stand for a prompt where the model has no tokenizer.
    """

    prompted: ClassVar[bool] = True

    task_specific: Classification
    prompt: str
    random_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.random_tokens", self.random_tokens, least=1)
        if not isinstance(self.prompt, str) or TEXT not in self.prompt:
            raise InputError(f"task.prompt must hold {TEXT}", got=self.prompt, remedy=f"write {TEXT} where it belongs")

    def as_task_specific(self) -> Task:
        """See Task."""
        return self.task_specific

    def train(self) -> Sequence[Example]:
        """See Task."""
        return self.task_specific.train()

    def validation(self) -> Sequence[Example]:
        """See Task."""
        return self.task_specific.validation()

    def test(self) -> Sequence[Example]:
        """See Task."""
        return self.task_specific.test()

    def scored_from(self) -> str:
        """See Task."""
        return self.task_specific.scored_from()

    def queries(self) -> Sequence[Example]:
        """See Task."""
        return self.task_specific.queries()

    def clusters(self) -> list[int] | None:
        """See Task."""
        return self.task_specific.clusters()

    def chance_score(self) -> float | None:
        """See Task."""
        return self.task_specific.chance_score()

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        around = [] if processor is None else self._prompt_ids(processor, [""])[0]
        needed = (self.random_tokens if processor is None else len(around) + 1) + self.new_tokens
        check_continues(model, needed, "shorten task.prompt or lower task.new_tokens")
        self.lm_eval.check()

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_ids`` and ``attention_mask`` (batch, longest prompt), padded on the left; long texts are cut."""
        return padded(self._prompts(setup, examples), setup, side="left")

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Prompts and answers, an end token after each; ``labels`` are those of the answers alone."""
        prompts = self._prompts(setup, examples)
        answers = [self._answer_ids(setup, example) for example in examples]
        batch = padded(
            [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)], setup, side="right"
        )
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)
        for row, prompt in enumerate(prompts):
            labels[row, : len(prompt)] = IGNORED
        return {**batch, "labels": labels}

    def evaluate(self, setup: Setup) -> list[float]:
        """1.0 or 0.0 a test item."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """1.0 for each of ``examples`` whose label the setup's answer begins with, else 0.0.

        Raises:
            NotApplicable: the setup has no tokenizer.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a tokenizer cannot be asked for a label")
        known = self._labels
        answers: list[str] = []
        with items.scoring(setup):
            for chosen in items.scored_batches(setup, examples):
                answers += self._answers(setup, chosen)
        pairs = zip(examples, answers, strict=True)
        return [float(label_in(answer, known) == written(example["label"])) for example, answer in pairs]

    def _answers(self, setup: Setup, examples: Sequence[Example]) -> list[str]:
        batch = self.batch(setup, examples)
        made = self.continued(setup, batch)[:, batch["input_ids"].shape[1] :]
        found: list[str] = setup.processor.batch_decode(made, skip_special_tokens=True)
        return found

    def _prompts(self, setup: Setup, examples: Sequence[Example]) -> list[list[int]]:
        if setup.processor is None:
            return [self.random_ids(setup, example, self.random_tokens) for example in examples]
        texts = [example["text"] for example in examples]
        limit = stated_limit(setup.model.config)
        if limit is None:
            return self._prompt_ids(setup.processor, texts)
        room = limit - self.new_tokens - len(self._prompt_ids(setup.processor, [""])[0])
        return self._prompt_ids(setup.processor, [_cut(setup.processor, text, room) for text in texts])

    def _prompt_ids(self, processor: Any, texts: Sequence[str]) -> list[list[int]]:
        prompt = self.prompt
        if LABELS in prompt:
            prompt = prompt.replace(LABELS, ", ".join(self._labels))
        return token_rows(processor, [prompt.replace(TEXT, text) for text in texts])

    def _answer_ids(self, setup: Setup, example: Example) -> list[int]:
        if setup.processor is None:
            return self.random_ids(setup, example, self.new_tokens)
        ids: list[int] = setup.processor(f" {written(example['label'])}", add_special_tokens=False)["input_ids"]
        return [*ids, setup.processor.eos_token_id]

    @functools.cached_property
    def _labels(self) -> list[str]:
        """All that the test split has, and all that the data names."""
        labels = [example["label"] for example in self.task_specific.split("test")]
        named = {name for label in labels if isinstance(label, ClassNumber) for name in label.names}
        return sorted(named.union(map(written, labels)))


def written(label: Label) -> str:
    """A label as an answer has it: its name, else its number."""
    return label.name if isinstance(label, ClassNumber) else str(label)


def label_in(answer: str, labels: Sequence[str]) -> str | None:
    """The longest of ``labels`` that ``answer`` begins with as a whole word, capitals aside; None where none does."""
    text = answer.strip().casefold()
    words = {label: label.casefold() for label in labels}
    begun = [label for label, word in words.items() if text.startswith(word) and not text[len(word) :][:1].isalnum()]
    return max(begun, key=len, default=None)


def _cut(processor: Any, text: str, tokens: int) -> str:
    ids = processor(text, add_special_tokens=False, verbose=False)["input_ids"]
    return text if len(ids) <= tokens else str(processor.decode(ids[:tokens]))
