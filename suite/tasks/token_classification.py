"""What is each word of Python source: a keyword, a name, part of a string or of a comment.

Data: the source of the Python standard library (PSF License) of the interpreter that runs, tagged by ``tokenize``; see
``suite.data.source_words``. Windows of one module are the same source.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.source_words import tagged_windows
from suite.data.splits import Split
from suite.data.structured import StructuredKind
from suite.errors import InputError
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.labels import classes_of, label_numbers
from suite.scoring.texts import Texts, on_device
from suite.text.suggest import MOST_LISTED

IGNORED = -100
"""Label of tokens that no word is judged by."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TokenClassification(Texts):
    """One tag a word; the score of an item is the share of its words whose first token has the right tag."""

    auto_class: ClassVar[str] = "AutoModelForTokenClassification"
    kind: ClassVar[StructuredKind] = "words"
    reads: ClassVar[Reads | None] = "text"

    def embedded(self, split: Split) -> Sequence[Example]:
        """Windows of words with their tags."""
        return tagged_windows(split)

    def chance_score(self) -> float:
        """The share of the most frequent tag in an item, mean over items: what always answering with it scores."""
        tags = Counter(tag for example in self.test() for tag in example["labels"])
        frequent = tags.most_common(1)[0][0]
        shares: list[float] = [example["labels"].count(frequent) / len(example["labels"]) for example in self.test()]
        return sum(shares) / len(shares)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        super().check_model(model, processor)
        if processor is None:
            return
        try:
            label_numbers(_one_each(self.labelled()), model.config)
        except InputError as error:
            if self.data is not None:
                raise
            known = ", ".join(classes_of(model.config).names[:MOST_LISTED])
            remedy = f"give data with the model's own tags: task.data=FILE (its tags: {known})"
            what = "the embedded data has a tag that the model does not know"
            raise InputError(what, got=error.got, remedy=remedy) from error
        self._check_tokenizer(processor)

    def _check_tokenizer(self, processor: Any) -> None:
        try:
            processor([["two", "words"]], is_split_into_words=True)
        except (AssertionError, TypeError, ValueError) as error:
            what = f"the model's tokenizer takes no texts that are cut into words ({error})"
            remedy = "set add_prefix_space to true in its tokenizer_config.json"
            raise InputError(what, got=type(processor).__name__, remedy=remedy) from error

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Token ids and mask (batch, longest text of the batch); longer texts than the model takes are cut."""
        if setup.processor is None:
            return self.random_batch(setup, examples)
        return on_device(self._encoded(setup, examples), setup)

    def _encoded(self, setup: Setup, examples: Sequence[Example]) -> Any:
        return self.encoded(setup, [list(example["words"]) for example in examples], is_split_into_words=True)

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Inputs with ``labels`` (batch, length): the tag's number at each word's first token, else ``IGNORED``."""
        config = setup.model.config
        if setup.processor is None:
            batch = self.random_batch(setup, examples)
            return batch | {"labels": batch["input_ids"] % config.num_labels}
        encoded = self._encoded(setup, examples)
        labels = torch.full_like(encoded["input_ids"], IGNORED)
        for row, example in enumerate(examples):
            numbers = label_numbers(_plain(example), config)
            for word, place in first_tokens(encoded.word_ids(row)).items():
                labels[row, place] = numbers[word]
        return on_device({**encoded, "labels": labels}, setup)

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the words of a batch: ``(words, tags)`` and ``(words,)``."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        judged = batch["labels"] != IGNORED
        return model(**inputs).logits.float()[judged], batch["labels"][judged]

    def scores(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """Words that the tokenizer leaves out, or that the model is too short for, are wrong."""
        found: list[float] = []
        for chosen in items.scored_batches(setup, examples):
            encoded = self._encoded(setup, chosen)
            logits = items.finite(setup.model(**on_device(encoded, setup)).logits)
            answers = logits.argmax(dim=-1).tolist()
            for row, example in enumerate(chosen):
                numbers = label_numbers(_plain(example), setup.model.config)
                places = first_tokens(encoded.word_ids(row))
                right = sum(answers[row][place] == numbers[word] for word, place in places.items())
                found.append(right / len(numbers))
        return found


def first_tokens(word_ids: Sequence[int | None]) -> dict[int, int]:
    """Word number to the place of its first token."""
    places: dict[int, int] = {}
    for place, word in enumerate(word_ids):
        if word is not None:
            places.setdefault(word, place)
    return places


def _plain(example: Example) -> list[Example]:
    return [{"label": tag} for tag in example["labels"]]


def _one_each(examples: Sequence[Example]) -> list[Example]:
    """Each tag once, as an example of one label."""
    return [{"label": tag} for tag in dict.fromkeys(tag for example in examples for tag in example["labels"])]
