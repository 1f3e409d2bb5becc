"""Which of 40 languages is it: names of territories, languages, scripts and currencies.

Data: the Unicode Common Locale Data Repository (Unicode License v3) as Babel ships it. A key such as
"territory MN" has a name in each language. Keys are split by a hash of their English name, so that no key
of the test split is seen in training in any language; those that few languages have are test items only. An item is
three names of one language, joined.
The same three keys in other languages are the same source: their scores are not independent.
"""

from __future__ import annotations

import dataclasses
import functools
import random
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch

from suite.checkpoints import tokenizer_fit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.cldr_names import LANGUAGES, Names, cldr_names, rare_names, split_of
from suite.data.splits import Split
from suite.errors import InputError
from suite.plugins.requires import Reads
from suite.scoring.classification import Classification
from suite.scoring.items import generator_for

TRAIN_TRIPLES = 1000
"""Triples of keys in the train split; each gives an item in every language that names all three."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextClassification(Classification):
    """Texts with one label each; the score of an item is 1 for the right label, else 0.

    Attributes:
        random_tokens: length of the random token ids that stand for a text where the model has no tokenizer.
    """

    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    processor_class: ClassVar[str] = "AutoTokenizer"
    kind: ClassVar[Literal["image", "text"]] = "text"
    main_input: ClassVar[str] = "input_ids"
    reads: ClassVar[Reads | None] = "text"

    random_tokens: int

    def __post_init__(self) -> None:
        """Checks the length."""
        super().__post_init__()
        checks.count("task.random_tokens", self.random_tokens, least=1)

    def embedded(self, split: Split) -> Sequence[Example]:
        """Three names of one language a text; label the language's code; source the three keys."""
        return items(split)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        if processor is None:
            tokenizer_fit.check_random_length(model, self.random_tokens)
        elif processor.pad_token_id is None:
            raise InputError(
                "texts of unequal length need padding, which the model's tokenizer has not",
                got=processor.pad_token,
                remedy="set pad_token in its tokenizer_config.json",
            )
        super().check_model(model, processor)

    def content(self, example: Example) -> bytes:
        """The text in UTF-8."""
        return str(example["text"]).encode()

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Token ids and mask (batch, longest text of the batch); longer texts than the model takes are cut.

        Without a tokenizer they are ``random_tokens`` random ids a text, all of them attended to.
        """
        if setup.processor is None:
            return self._random_batch(setup, examples)
        config = setup.model.config
        longest = tokenizer_fit.longest_text(setup.processor, config)
        encoded = setup.processor(
            [example["text"] for example in examples],
            padding=True,
            padding_side=tokenizer_fit.padding_side(config),
            truncation=longest is not None,
            max_length=longest,
            return_tensors="pt",
        )
        return {name: tensor.to(setup.device) for name, tensor in encoded.items()}

    def _random_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        vocabulary, length = setup.model.config.vocab_size, (self.random_tokens,)
        drawn = [generator_for(self.seed, self.content(example)) for example in examples]
        ids = torch.stack([torch.randint(vocabulary, length, generator=generator) for generator in drawn])
        return {"input_ids": ids.to(setup.device), "attention_mask": torch.ones_like(ids).to(setup.device)}


@functools.cache
def items(split: Split) -> list[Example]:
    """The items of a split. Triples of test and validation share no key; those of train may."""
    triples = [*_triples(split), *(_rare_triples() if split == "test" else ())]
    return [
        {"text": ", ".join(names[language] for names in triple), "label": language, "source": f"{split} {number}"}
        for number, triple in enumerate(triples)
        for language in LANGUAGES
        if all(language in names for names in triple)
    ]


def _triples(split: Split) -> list[list[Names]]:
    """Of the keys that most languages name."""
    keys = [names for names in cldr_names() if split_of(names["en"]) == split]
    generator = random.Random(f"{split} triples")
    generator.shuffle(keys)
    if split == "train":
        return [generator.sample(keys, 3) for _ in range(TRAIN_TRIPLES)]
    return [keys[start : start + 3] for start in range(0, len(keys) - 2, 3)]


def _rare_triples() -> list[list[Names]]:
    """Of keys that too few languages name to train on: further sources for the test split, each of fewer items.

    Keys that about as many languages name stand together, so that many languages name all three.
    """
    keys = sorted(rare_names(), key=lambda names: (len(names), names["en"]))
    return [keys[start : start + 3] for start in range(0, len(keys) - 2, 3)]
