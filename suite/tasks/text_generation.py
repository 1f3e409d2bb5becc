"""Continue a program: the Python standard library's own source, of the interpreter that runs.

Data: the ``.py`` files of ``sysconfig``'s ``stdlib`` (PSF License), without tests, tables, optional and removed
modules. Top-level modules are split by a hash of their name, so that a package is never in two splits.

A query is a fixed prompt of held-out text and a forced number of new tokens, chosen greedily. An item that is
scored is a window of held-out text; its score is the model's bits per byte of that text, which is comparable
between any two tokenizers (lower is better). Windows of one module are the same source.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from suite.checkpoints.tokenizer_fit import stated_limit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example, FurtherScore, cycle
from suite.errors import InputError, NotApplicable
from suite.scoring import items
from suite.scoring.causal import IGNORED, Causal, check_continues, padded, token_rows, vocabulary_of
from suite.scoring.corpus import Corpus

PROMPT_BYTES_PER_TOKEN = 8
"""Bytes of text cut for each token of a prompt: more than any usual tokenizer needs for Python."""
LARGEST_LOGITS = 2**28
"""Elements of the logits tensor while scoring: 1 GiB in float32."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextGeneration(Causal, Corpus):
    """Texts; a query continues a prompt, an item's score is its bits per byte.

    Attributes:
        prompt_tokens: tokens of each prompt, the start token included.
    """

    prompt_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.prompt_tokens", self.prompt_tokens, least=1)

    def queries(self) -> Sequence[Example]:
        """Texts of the test split that ``batch`` cuts to prompts."""
        texts = self.pieces(self.prompt_tokens * PROMPT_BYTES_PER_TOKEN)
        return cycle(items.shuffled_copy([{"text": text} for text in texts], self.seed), self.query_count)

    def chance_score(self) -> float:
        """Bits per byte of a model that knows how often each byte occurs in the scored text, and nothing else."""
        counts = Counter(byte for window in self.test() for byte in window["text"].encode())
        total = counts.total()
        return -math.fsum(count / total * math.log2(count / total) for count in counts.values())

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        check_continues(model, self.prompt_tokens + self.new_tokens, "lower task.prompt_tokens or task.new_tokens")
        self.lm_eval.check()
        if not self.queries():
            raise InputError("the data has no text in its test split", got=self.data, remedy="give more text")

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_ids`` and ``attention_mask`` (batch, prompt_tokens); shorter prompts are padded on the left."""
        if setup.processor is None:
            rows = [self.random_ids(setup, example, self.prompt_tokens) for example in examples]
        else:
            rows = [row[: self.prompt_tokens] for row in _rows(setup, examples)]
        return padded(rows, setup, side="left")

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_ids``, ``attention_mask`` and ``labels`` (batch, longest window), cut to the model's positions."""
        if setup.processor is None:
            length = self.prompt_tokens + self.new_tokens
            rows = [self.random_ids(setup, example, length) for example in examples]
        else:
            rows = [row[: stated_limit(setup.model.config)] for row in _rows(setup, examples)]
        batch = padded(rows, setup, side="right")
        return {**batch, "labels": batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)}

    def evaluate(self, setup: Setup) -> list[float]:
        """Bits per byte of each test window."""
        return self.score(setup, self.test())

    def further_scores(self, setup: Setup, scores: Sequence[float]) -> list[FurtherScore]:
        """Nats a token of each window, the logarithm of its perplexity, and what lm-evaluation-harness is asked for."""
        rows, bytes_read = scored_rows(setup, self.test())
        tokens = [0] * len(bytes_read)
        for row in rows:
            tokens[row.window] += len(row.ids) - 1
        nats = [bits * size * math.log(2) for bits, size in zip(scores, bytes_read, strict=True)]
        log_perplexity = FurtherScore(
            metric="log_perplexity",
            higher_is_better=False,
            items=[value / max(1, count) for value, count in zip(nats, tokens, strict=True)],
            clusters=self.clusters(),
            tokens=tokens,
        )
        return [log_perplexity, *super().further_scores(setup, scores)]

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """Bits per byte of each of ``examples``, given nothing before it but the start token.

        Raises:
            ImpossibleOutput: the model's logits are not finite.
            NotApplicable: the setup has no tokenizer.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a tokenizer cannot be scored on text")
        rows, bytes_read = scored_rows(setup, examples)
        nats = [0.0] * len(bytes_read)
        size = items.scored_batch_size(setup)
        size = min(size, max(1, LARGEST_LOGITS // (vocabulary_of(setup.model.config) * len(rows[-1].ids))))
        with items.scoring(setup):
            for start in range(0, len(rows), size):
                chosen = rows[start : start + size]
                for row, value in zip(chosen, row_nats(setup, [row.ids for row in chosen]), strict=True):
                    nats[row.window] += value
        return [value / math.log(2) / count for value, count in zip(nats, bytes_read, strict=True)]


def _rows(setup: Setup, examples: Sequence[Example]) -> list[list[int]]:
    return token_rows(setup.processor, [example["text"] for example in examples])


class Row(NamedTuple):
    """Ids that the model reads at once, a start token first, and the number of the window they belong to."""

    ids: list[int]
    window: int


def scored_rows(setup: Setup, examples: Sequence[Example]) -> tuple[list[Row], list[int]]:
    """Rows that fit the model, shortest first (less padding), and the bytes of each window.

    A window of more tokens than the model has positions is read in several rows, each with a start token.
    Bytes are those of the text that the ids stand for: what a tokenizer drops or does not know is not counted as
    predicted, a special token that is written in the text is.
    """
    positions = stated_limit(setup.model.config)
    rows: list[Row] = []
    bytes_read: list[int] = []
    for number, (start, *ids) in enumerate(_rows(setup, examples)):
        bytes_read.append(_bytes_of(setup.processor, ids, examples[number]["text"]))
        step = max(1, len(ids) if positions is None else min(len(ids), positions - 1))
        rows.extend(Row([start, *ids[begin : begin + step]], number) for begin in range(0, len(ids), step))
    return sorted(rows, key=lambda row: len(row.ids)), bytes_read


def _bytes_of(tokenizer: Any, ids: Sequence[int], text: str) -> int:
    """Bytes that ``ids`` stand for in ``text``; at least 1."""
    unknown = tokenizer.unk_token_id
    if unknown is not None and tokenizer.unk_token in text:  # GPT-2 calls its separator so
        unknown = None
    known = [each for each in ids if each != unknown]
    return max(1, len(tokenizer.decode(known, skip_special_tokens=False, clean_up_tokenization_spaces=False).encode()))


def row_nats(setup: Setup, rows: Sequence[list[int]]) -> list[float]:
    """Negative log likelihood in nats of each row, summed over all its tokens but the first."""
    batch = padded(rows, setup, side="right")
    logits = setup.model(**batch).logits
    sums = []
    for number, row in enumerate(rows):
        predicted = items.finite(logits[number, : len(row) - 1])
        targets = batch["input_ids"][number, 1 : len(row)]
        sums.append(float(torch.nn.functional.cross_entropy(predicted, targets, reduction="sum")))
    return sums
