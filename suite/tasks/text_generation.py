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
from typing import Any, ClassVar, Literal, NamedTuple

import torch

from suite.checkpoints.tokenizer_fit import stated_limit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example, cycle
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.corpus import Corpus

PROMPT_BYTES_PER_TOKEN = 8
"""Bytes of text cut for each token of a prompt: more than any usual tokenizer needs for Python."""
LARGEST_LOGITS = 2**28
"""Elements of the logits tensor while scoring: 1 GiB in float32."""
IGNORED = -100


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextGeneration(Corpus):
    """Texts; a query continues a prompt, an item's score is its bits per byte.

    Attributes:
        prompt_tokens: tokens of each prompt, the start token included.
        new_tokens: tokens generated for each prompt, neither more nor fewer.
    """

    auto_class: ClassVar[str] = "AutoModelForCausalLM"
    processor_class: ClassVar[str] = "AutoTokenizer"
    generates: ClassVar[bool] = True
    reads: ClassVar[Reads | None] = "text"

    prompt_tokens: int
    new_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("prompt_tokens", "new_tokens"):
            checks.count(f"task.{field}", getattr(self, field), least=1)

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
        if not hasattr(model, "generate"):
            raise InputError("the model must be able to generate", got=type(model).__name__, remedy="name a causal one")
        needed, positions = self.prompt_tokens + self.new_tokens, stated_limit(model.config)
        if positions is not None and needed > positions:
            raise InputError(
                f"the model has {positions} positions, too few for prompt and new tokens",
                got=needed,
                remedy="lower task.prompt_tokens or task.new_tokens",
            )
        if not self.queries():
            raise InputError("the data has no text in its test split", got=self.data, remedy="give more text")

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_ids`` and ``attention_mask`` (batch, prompt_tokens); shorter prompts are padded on the left."""
        if setup.processor is None:
            rows = [self._random_ids(setup, example, self.prompt_tokens) for example in examples]
        else:
            rows = [row[: self.prompt_tokens] for row in token_rows(setup.processor, examples)]
        return padded(rows, setup, side="left")

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_ids``, ``attention_mask`` and ``labels`` (batch, longest window), cut to the model's positions."""
        if setup.processor is None:
            length = self.prompt_tokens + self.new_tokens
            rows = [self._random_ids(setup, example, length) for example in examples]
        else:
            rows = [row[: stated_limit(setup.model.config)] for row in token_rows(setup.processor, examples)]
        batch = padded(rows, setup, side="right")
        return {**batch, "labels": batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Generates ``new_tokens`` for each prompt; returns how many tokens were made."""
        tokens = setup.model.generate(
            **batch,
            max_new_tokens=self.new_tokens,
            min_new_tokens=self.new_tokens,  # end of sequence is off: both arms make the same number of tokens
            do_sample=False,
            pad_token_id=pad_id(setup.processor),
            **setup.generate_options(batch, self.new_tokens),
        )
        return int((tokens.shape[1] - batch["input_ids"].shape[1]) * tokens.shape[0])

    def answer_tokens(self) -> int:
        """See Task."""
        return self.new_tokens

    def with_new_tokens(self, most: int) -> TextGeneration | None:
        """See Task."""
        return dataclasses.replace(self, new_tokens=most) if self.new_tokens > most else None

    def prompt_tokens_of(self, batch: Batch) -> int:
        """See Task."""
        return int(batch["attention_mask"].sum())

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy of the next token in nats, mean over all tokens of the batch."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and targets of all next tokens but padding, of all samples in one row each."""
        found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        targets = batch["labels"][:, 1:]
        kept = targets != IGNORED
        return found[:, :-1][kept].float(), targets[kept]

    def evaluate(self, setup: Setup) -> list[float]:
        """Bits per byte of each test window."""
        return self.score(setup, self.test())

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

    def _random_ids(self, setup: Setup, example: Example, length: int) -> list[int]:
        generator = items.generator_for(self.seed, example["text"].encode())
        return torch.randint(vocabulary_of(setup.model.config), (length,), generator=generator).tolist()


def token_rows(processor: Any, examples: Sequence[Example]) -> list[list[int]]:
    """Ids of each text, without end, after a start token: the tokenizer's own, else its end token."""
    start = processor.bos_token_id if processor.bos_token_id is not None else processor.eos_token_id
    if start is None:
        raise InputError(
            "the model's tokenizer has neither a start nor an end token", got=None, remedy="set its bos_token"
        )
    texts = [example["text"] for example in examples]
    encoded = processor(texts, add_special_tokens=False, verbose=False)["input_ids"]
    return [[start, *row] for row in encoded]


class Row(NamedTuple):
    """Ids that the model reads at once, a start token first, and the number of the window they belong to."""

    ids: list[int]
    window: int


def scored_rows(setup: Setup, examples: Sequence[Example]) -> tuple[list[Row], list[int]]:
    """Rows that fit the model, shortest first (less padding), and the bytes of each window.

    A window of more tokens than the model has positions is read in several rows, each with a start token.
    Bytes are those of the text that the ids stand for: what a tokenizer drops is not counted as predicted.
    """
    positions = stated_limit(setup.model.config)
    rows: list[Row] = []
    bytes_read: list[int] = []
    for number, (start, *ids) in enumerate(token_rows(setup.processor, examples)):
        text = setup.processor.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        bytes_read.append(max(1, len(text.encode())))
        step = max(1, len(ids) if positions is None else min(len(ids), positions - 1))
        rows.extend(Row([start, *ids[begin : begin + step]], number) for begin in range(0, len(ids), step))
    return sorted(rows, key=lambda row: len(row.ids)), bytes_read


def padded(rows: Sequence[list[int]], setup: Setup, *, side: Literal["left", "right"]) -> Batch:
    """``rows`` as ``input_ids`` of the longest row's length, and their ``attention_mask``, on the setup's device."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), pad_id(setup.processor))
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        place = slice(longest - len(row), longest) if side == "left" else slice(0, len(row))
        ids[number, place] = torch.tensor(row)
        mask[number, place] = 1
    return {"input_ids": ids.to(setup.device), "attention_mask": mask.to(setup.device)}


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


def pad_id(processor: Any) -> int:
    """The id to pad with; masked everywhere, so any will do where the tokenizer has none."""
    if processor is None:
        return 0
    for name in ("pad_token_id", "eos_token_id", "bos_token_id"):
        found = getattr(processor, name)
        if found is not None:
            return int(found)
    return 0


def vocabulary_of(config: Any) -> int:
    """Entries of the model's embedding."""
    return int(config.get_text_config().vocab_size)
