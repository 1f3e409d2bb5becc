"""Fill in masked tokens of a text: the Python standard library's own source, of the interpreter that runs.

Data: as text_generation has it (``suite.data.library_source``). A query is a window of text in which a share of the
tokens, always the same ones, is replaced by the tokenizer's mask token (Devlin et al. 2019, arXiv:1810.04805; all
that are chosen are masked, none is kept or replaced by another). An item's score is the share of its masked tokens
for which the model's likeliest token is the right one. It depends on the tokenizer: models with different ones are
not compared by it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch

from suite.checkpoints import tokenizer_fit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example, cycle
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.corpus import Corpus

IGNORED = -100


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedLanguageModelling(Corpus):
    """Texts; the score of an item is the share of its masked tokens that are filled in right.

    Attributes:
        masked_share: share of the tokens of a text that are masked, in (0, 1); at least one is.
        random_tokens: length of the random token ids that stand for a text where the model has no tokenizer.
    """

    auto_class: ClassVar[str] = "AutoModelForMaskedLM"
    processor_class: ClassVar[str] = "AutoTokenizer"
    reads: ClassVar[Reads | None] = "text"

    masked_share: float
    random_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.open_share("task.masked_share", self.masked_share)
        checks.count("task.random_tokens", self.random_tokens, least=1)

    def queries(self) -> Sequence[Example]:
        """Windows of the test split."""
        return cycle(items.shuffled_copy(self.windows("test"), self.seed), self.query_count)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        if processor is None:
            tokenizer_fit.check_random_length(model, self.random_tokens)
            return
        for name in ("mask_token", "pad_token"):
            if getattr(processor, name) is None:
                what = f"the model's tokenizer has no {name}"
                raise InputError(what, got=None, remedy=f"name a model that fills in masks, or set {name}")

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Token ids with masks, and attention mask (batch, longest text of the batch)."""
        batch = self.training_batch(setup, examples)
        return {name: tensor for name, tensor in batch.items() if name != "labels"}

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """As ``batch``, and ``labels`` of the same shape: the id where a token is masked, else -100.

        Which tokens are masked is drawn by the text, and by its ``variant`` where it has one.
        """
        batch = self._random_ids(setup, examples) if setup.processor is None else self._encoded(setup, examples)
        special = batch.pop("special_tokens_mask").bool()
        chosen = torch.stack([self._chosen(example, may) for example, may in zip(examples, ~special, strict=True)])
        labels = batch["input_ids"].masked_fill(~chosen, IGNORED)
        mask_id = 0 if setup.processor is None else setup.processor.mask_token_id
        batch["input_ids"] = batch["input_ids"].masked_fill(chosen, mask_id)
        return {name: tensor.to(setup.device) for name, tensor in {**batch, "labels": labels}.items()}

    def _encoded(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        config = setup.model.config
        longest = tokenizer_fit.longest_text(setup.processor, config)
        side: Literal["left", "right"] = tokenizer_fit.padding_side(config)
        encoded = setup.processor(
            [example["text"] for example in examples],
            padding=True,
            padding_side=side,
            truncation=longest is not None,
            max_length=longest,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        return dict(encoded.items())

    def _random_ids(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        size, shape = setup.model.config.get_text_config().vocab_size, (self.random_tokens,)
        drawn = [items.generator_for(self.seed, example["text"].encode()) for example in examples]
        ids = torch.stack([torch.randint(size, shape, generator=generator) for generator in drawn])
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "special_tokens_mask": torch.zeros_like(ids),
        }

    def _chosen(self, example: Example, may_be: torch.Tensor) -> torch.Tensor:
        """Which tokens of one text are masked, of those that ``may_be``: padding and special tokens never are."""
        content = f"mask {example.get('variant', '')} {example['text']}".encode()
        order = torch.rand(may_be.shape, generator=items.generator_for(self.seed, content)).masked_fill(~may_be, -1.0)
        count = min(int(may_be.sum()), max(1, round(self.masked_share * int(may_be.sum()))))
        found = torch.zeros_like(may_be)
        found[order.topk(count).indices] = True
        return found

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """See Task."""
        setup.model(**batch)
        return None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy of the masked tokens in nats, mean over all of the batch."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and targets of all masked tokens, of all samples in one row each."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        kept = batch["labels"] != IGNORED
        return model(**inputs).logits[kept].float(), batch["labels"][kept]

    def evaluate(self, setup: Setup) -> list[float]:
        """The share of masked tokens that are filled in right, a test item."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """Of each of ``examples`` the share of its masked tokens whose likeliest filling is the right one.

        Raises:
            ImpossibleOutput: the model's logits are not finite.
            NotApplicable: the setup has no tokenizer.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a tokenizer cannot be scored on text")
        scores: list[float] = []
        with items.scoring(setup):
            for chosen in items.scored_batches(setup, examples):
                batch = self.training_batch(setup, chosen)
                labels = batch.pop("labels")
                kept = labels != IGNORED
                right = torch.zeros_like(kept)
                right[kept] = items.finite(setup.model(**batch).logits[kept]).argmax(dim=-1) == labels[kept]
                scores.extend((right.sum(dim=1) / kept.sum(dim=1)).tolist())
        return scores
