"""Say it in short: itineraries of three dates in full to the span of them, in 10 languages.

Data: see ``suite.data.date_spans``; of your own, documents with their summaries. A query is a document cut or padded to
``document_tokens``, and a forced number of new tokens, chosen greedily. The score of an item is ROUGE-L (F1) of what
the model writes of its own accord, against the summary that the data has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.checkpoints import tokenizer_fit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.date_spans import date_spans
from suite.data.examples import Kind
from suite.data.splits import Split
from suite.errors import InputError
from suite.plugins.requires import Reads
from suite.scoring.items import generator_for
from suite.scoring.overlap import rouge_l
from suite.scoring.written import Written


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summarisation(Written):
    """Documents with a summary each; the score of an item is the ROUGE-L F1 of the summary that the model writes.

    Attributes:
        document_tokens: of each query's document, the end token included; longer ones are cut, shorter ones padded.
        prefix: text before each document; None for what the checkpoint's configuration names for summaries, if any.
    """

    auto_class: ClassVar[str] = "AutoModelForSeq2SeqLM"
    processor_class: ClassVar[str] = "AutoTokenizer"
    kind: ClassVar[Kind] = "pair"
    reads: ClassVar[Reads | None] = "text"

    document_tokens: int
    prefix: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.document_tokens", self.document_tokens, least=2)

    def embedded(self, split: Split) -> Sequence[Example]:
        """Three dates in full, and their span in short."""
        return date_spans(split)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        super().check_model(model, processor)
        positions = tokenizer_fit.stated_limit(model.config)
        if positions is not None and self.document_tokens > positions:
            what = f"the model has {positions} positions, too few for its documents"
            raise InputError(what, got=self.document_tokens, remedy="lower task.document_tokens")
        if processor is not None and processor.pad_token_id is None:
            what = "documents of unequal length need padding, which the model's tokenizer has not"
            raise InputError(what, got=None, remedy="set pad_token in its tokenizer_config.json")

    def chance_score(self) -> float:
        """What the first summary of the training split, or else of the test split, scores for every document."""
        constant, test = self.samples(1)[0]["target"], self.test()
        return sum(rouge_l(example["target"], constant) for example in test) / len(test)

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_ids`` and ``attention_mask`` (batch, document_tokens); random ids where there is no tokenizer."""
        if setup.processor is None:
            return self._random_batch(setup, examples)
        return self._encoded(setup, examples, "max_length", self.document_tokens)

    def whole_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """See Written."""
        if setup.processor is None:
            return self._random_batch(setup, examples)
        longest = tokenizer_fit.longest_text(setup.processor, setup.model.config)
        return self._encoded(setup, examples, "longest", longest)

    def target_rows(self, setup: Setup, examples: Sequence[Example]) -> list[list[int]]:
        """See Written."""
        if setup.processor is None:
            return [self._random_ids(setup, example, "target", self.new_tokens) for example in examples]
        texts = [example["target"] for example in examples]
        rows: list[list[int]] = setup.processor(text_target=texts, verbose=False)["input_ids"]
        return rows

    def decoded(self, processor: Any, tokens: torch.Tensor) -> list[str]:
        """See Written."""
        texts: list[str] = processor.batch_decode(tokens, skip_special_tokens=True)
        return texts

    def score_of(self, target: str, answer: str) -> float:
        """ROUGE-L F1."""
        return rouge_l(target, answer)

    def prompt_tokens_of(self, batch: Batch) -> int:
        """See Task."""
        return int(batch["attention_mask"].sum())

    def _encoded(self, setup: Setup, examples: Sequence[Example], padding: str, longest: int | None) -> Batch:
        prefix = named_prefix(setup.model.config) if self.prefix is None else self.prefix
        encoded = setup.processor(
            [prefix + example["text"] for example in examples],
            padding=padding,
            truncation=longest is not None,
            max_length=longest,
            return_tensors="pt",
        )
        return {name: encoded[name].to(setup.device) for name in ("input_ids", "attention_mask")}

    def _random_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        rows = [self._random_ids(setup, example, "text", self.document_tokens) for example in examples]
        ids = torch.tensor(rows, device=setup.device)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def _random_ids(self, setup: Setup, example: Example, part: str, length: int) -> list[int]:
        generator = generator_for(self.seed, example[part].encode())
        vocabulary = setup.model.config.get_text_config().vocab_size
        ids: list[int] = torch.randint(vocabulary, (length,), generator=generator).tolist()
        return ids


def named_prefix(config: Any) -> str:
    """What a configuration says goes before a document that is to be summarised, as T5's do; empty where nothing."""
    settings = (getattr(config, "task_specific_params", None) or {}).get("summarization", {})
    return str(settings.get("prefix") or "")
