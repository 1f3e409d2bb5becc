"""What is the translation of this name: a question that only the list in its context answers.

Data: the Unicode Common Locale Data Repository (Unicode License v3) as Babel ships it; see ``suite.data.name_items``.
Questions for the same name in other languages are the same source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.name_items import questions
from suite.data.splits import Split
from suite.data.structured import Answer, StructuredKind
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.answers import best_f1
from suite.scoring.texts import PADDING_LOGIT, Texts, on_device

CONTEXT = 1
"""The number of the second text in a pair, as tokenizers count."""
CUT_OFF = -1
"""Place of an answer that the model is too short for; nothing is learned from it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuestionAnswering(Texts):
    """An answer is a span of the context; the score of an item is the F1 of its words, best of the right answers.

    Attributes:
        longest_answer_tokens: the longest answer in tokens.
    """

    auto_class: ClassVar[str] = "AutoModelForQuestionAnswering"
    kind: ClassVar[StructuredKind] = "question"
    reads: ClassVar[Reads | None] = "text"
    logits_alone: ClassVar[bool] = False

    longest_answer_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.longest_answer_tokens", self.longest_answer_tokens, least=1)

    def embedded(self, split: Split) -> Sequence[Example]:
        """Names to be found in lists of names and translations."""
        return questions(split)

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Token ids and mask (batch, longest of the batch): question, then context, which is cut where it is long."""
        if setup.processor is None:
            return self.random_batch(setup, examples)
        return on_device(_without_offsets(self._encoded(setup, examples)), setup)

    def _encoded(self, setup: Setup, examples: Sequence[Example]) -> Any:
        asked = [example["question"] for example in examples]
        contexts = [example["text"] for example in examples]
        return self.encoded(setup, asked, contexts, return_offsets_mapping=True)

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Inputs with ``labels`` (batch, 2): places of the first right answer's first and last token."""
        if setup.processor is None:
            batch = self.random_batch(setup, examples)
            return batch | {"labels": batch["input_ids"][:, :2] % self.random_tokens}
        encoded = self._encoded(setup, examples)
        labels = [
            place_of(example["answers"][0], encoded["offset_mapping"][row].tolist(), encoded.sequence_ids(row))
            for row, example in enumerate(examples)
        ]
        return on_device({**_without_offsets(encoded), "labels": torch.tensor(labels)}, setup)

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Of first tokens and then of last ones: ``(2 n, length)`` and ``(2 n,)``; without answers that are cut off."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        output = model(**inputs)
        both = torch.cat([output.start_logits, output.end_logits]).float()
        padding = torch.cat([batch["attention_mask"]] * 2) == 0
        targets = batch["labels"].T.flatten()
        learned = targets != CUT_OFF
        return both.masked_fill(padding, PADDING_LOGIT)[learned], targets[learned]

    def scores(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """F1 of the most likely span of the context."""
        return [
            best_f1(answer, [right.text for right in example["answers"]])
            for answer, example in zip(self.answers(setup, examples), examples, strict=True)
        ]

    def answers(self, setup: Setup, examples: Sequence[Example]) -> list[str]:
        """The most likely span of each context, "" where none of it fits the model."""
        found: list[str] = []
        for chosen in items.scored_batches(setup, examples):
            encoded = self._encoded(setup, chosen)
            offsets = encoded.pop("offset_mapping").tolist()
            output = setup.model(**on_device(encoded, setup))
            starts, ends = (items.finite(each).cpu() for each in (output.start_logits, output.end_logits))
            for row, example in enumerate(chosen):
                inside = [place for place, number in enumerate(encoded.sequence_ids(row)) if number == CONTEXT]
                if not inside:
                    found.append("")
                    continue
                first, last = best_span(starts[row, inside], ends[row, inside], self.longest_answer_tokens)
                found.append(example["text"][offsets[row][inside[first]][0] : offsets[row][inside[last]][1]])
        return found


def _without_offsets(encoded: Any) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in encoded.items() if name != "offset_mapping"}


def best_span(starts: torch.Tensor, ends: torch.Tensor, most: int) -> tuple[int, int]:
    """First and last place with the largest sum of logits, of at most ``most`` places; ``(length,)`` each."""
    sums = starts[:, None] + ends[None, :]
    allowed = torch.ones_like(sums, dtype=torch.bool).triu().tril(most - 1)
    first, last = divmod(int(sums.masked_fill(~allowed, -torch.inf).argmax()), len(ends))
    return first, last


def place_of(answer: Answer, offsets: Sequence[Sequence[int]], sequence: Sequence[int | None]) -> tuple[int, int]:
    """Places of the first and the last token of an answer; ``CUT_OFF`` twice where it is not all there."""
    end = answer.start + len(answer.text)
    inside = [place for place, number in enumerate(sequence) if number == CONTEXT]
    touched = [place for place in inside if offsets[place][0] < end and offsets[place][1] > answer.start]
    if not touched or offsets[touched[-1]][1] < end:
        return CUT_OFF, CUT_OFF
    return touched[0], touched[-1]
