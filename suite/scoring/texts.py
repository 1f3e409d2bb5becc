"""Tasks on texts that hold more than one label: what they share. A subclass adds data, inputs and the score."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.checkpoints import tokenizer_fit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.structured import StructuredKind
from suite.errors import InputError, NotApplicable
from suite.scoring import items
from suite.scoring.split_task import SplitTask

PADDING_LOGIT = -1e4
"""For places that cannot be chosen: no softmax notices them, and differences of two of them are finite."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Texts(SplitTask):
    """Texts for an encoder with a fast tokenizer.

    A model without a tokenizer, as random weights of a bare architecture have none, gets random ids that are drawn for
    each text: its energy can be measured, and it is not scored.

    Attributes:
        random_tokens: length of the random token ids that stand for a text where the model has no tokenizer.
    """

    processor_class: ClassVar[str] = "AutoTokenizer"
    kind: ClassVar[StructuredKind]
    """What the user's own data holds."""

    random_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.random_tokens", self.random_tokens, least=1)

    @abstractmethod
    def scores(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """One score for each of ``examples``; the setup is ready for scoring and has a tokenizer."""

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        found = getattr(model, "main_input_name", "input_ids")
        if found != "input_ids":
            what = f"the model for task {self.name!r} must take input_ids"
            raise InputError(what, got=found, remedy="name another model")
        if processor is None:
            tokenizer_fit.check_random_length(model, self.random_tokens)
            return
        if processor.pad_token_id is None:
            what = "texts of unequal length need padding, which the model's tokenizer has not"
            raise InputError(what, got=processor.pad_token, remedy="set pad_token in its tokenizer_config.json")
        if not processor.is_fast:
            what = f"the task {self.name!r} must know where tokens stand in a text, which slow tokenizers do not say"
            raise InputError(what, got=type(processor).__name__, remedy="save the model with a tokenizer.json")

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """See Task."""
        setup.model(**batch)
        return None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy in nats, mean over the ``logits``."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def evaluate(self, setup: Setup) -> list[float]:
        """See Task."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """One score for each of ``examples``.

        Raises:
            InputError: the data does not fit the model.
            ImpossibleOutput: the model's answers are not finite.
            NotApplicable: the setup has no tokenizer.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a processor cannot be scored")
        with items.scoring(setup):
            return self.scores(setup, examples)

    def encoded(self, setup: Setup, *texts: Any, **options: Any) -> Any:
        """What the tokenizer makes of ``texts``, padded to the longest; the last one is cut to what the model takes."""
        config = setup.model.config
        longest = tokenizer_fit.longest_text(setup.processor, config)
        fields = {
            "padding": True,
            "padding_side": tokenizer_fit.padding_side(config),
            "truncation": longest is not None and ("only_second" if len(texts) == 2 else True),
            "max_length": longest,
            "return_tensors": "pt",
        }
        return setup.processor(*texts, **{**fields, **options})

    def random_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``random_tokens`` ids an example, drawn from its text and the seed, all of them attended to."""
        vocabulary, length = setup.model.config.vocab_size, (self.random_tokens,)
        drawn = [items.generator_for(self.seed, str(example["text"]).encode()) for example in examples]
        ids = torch.stack([torch.randint(vocabulary, length, generator=generator) for generator in drawn])
        return on_device({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, setup)


def on_device(tensors: Any, setup: Setup) -> Batch:
    """A plain dict of ``tensors`` on the setup's device."""
    return {name: tensor.to(setup.device) for name, tensor in tensors.items()}
