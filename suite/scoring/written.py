"""Tasks whose answer to an item is a text that the model writes token by token from an encoded input."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.examples import Kind
from suite.errors import InputError, NotApplicable
from suite.scoring import items
from suite.scoring.split_task import SplitTask

IGNORED = -100
"""The label that no loss is taken of."""
LARGEST_BATCH = 64
"""Items a batch while scoring, at most: each keeps keys and values of what it has written."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written(SplitTask):
    """An encoder reads an item, a decoder writes the answer; a subclass says how the two are compared.

    Attributes:
        new_tokens: tokens written for each query, neither more nor fewer.
        scored_tokens: tokens written for a scored item, at most; the end token ends it before.
    """

    generates: ClassVar[bool] = True
    kind: ClassVar[Kind]
    """What the user's own data holds; its examples have ``target``, the text to be written."""

    new_tokens: int
    scored_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("new_tokens", "scored_tokens"):
            checks.count(f"task.{field}", getattr(self, field), least=1)

    @abstractmethod
    def whole_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """As ``batch``, but as much of each item as the model takes."""

    @abstractmethod
    def target_rows(self, setup: Setup, examples: Sequence[Example]) -> list[list[int]]:
        """Token ids of the text to be written for each example, the end token included."""

    @abstractmethod
    def decoded(self, processor: Any, tokens: torch.Tensor) -> list[str]:
        """The texts of rows of token ids, special tokens left out."""

    @abstractmethod
    def score_of(self, target: str, answer: str) -> float:
        """The score of one item."""

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        if not hasattr(model, "generate"):
            raise InputError("the model must be able to generate", got=type(model).__name__, remedy="name another one")
        positions = written_limit(model.config)
        longest = max(self.new_tokens, self.scored_tokens)
        if positions is not None and longest >= positions:
            what = f"the model can write {positions - 1} tokens, too few for its answers"
            raise InputError(what, got=longest, remedy="lower task.new_tokens and task.scored_tokens")

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """The inputs, and ``labels`` (batch, longest target)."""
        rows = [row[: self.scored_tokens] for row in self.target_rows(setup, examples)]
        labels = torch.full((len(rows), max(map(len, rows))), IGNORED)
        for number, row in enumerate(rows):
            labels[number, : len(row)] = torch.tensor(row)
        return {**self.whole_batch(setup, examples), "labels": labels.to(setup.device)}

    def start(self, setup: Setup, count: int) -> dict[str, Any]:
        """Arguments of ``generate`` for what an answer begins with; the model's own start token where empty."""
        return {}

    def call(self, model: Any, batch: Batch) -> Any:
        """See Task. The decoder reads its start token."""
        inputs = next(iter(batch.values()))
        start = torch.full((len(inputs), 1), model.config.decoder_start_token_id, device=inputs.device)
        return model(**batch, decoder_input_ids=start)

    def generate(self, model: Any, **asked: Any) -> Any:
        """What ``model`` writes: its own ``generate``."""
        return model.generate(**asked)

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Writes ``new_tokens`` for each item; returns how many tokens were written."""
        count = next(iter(batch.values())).shape[0]
        start = self.start(setup, count)
        tokens = self.generate(
            setup.model,
            **batch,
            **start,
            max_new_tokens=self.new_tokens,
            min_new_tokens=self.new_tokens,  # end of sequence is off: both arms write the same number of tokens
            do_sample=False,
            **setup.generate_options(batch, self.new_tokens),
        )
        begun = start["decoder_input_ids"].shape[1] if start else 1
        return int((tokens.shape[1] - begun) * count)

    def answer_tokens(self) -> int:
        """See Task."""
        return self.new_tokens

    def with_new_tokens(self, most: int) -> Self | None:
        """See Task."""
        return dataclasses.replace(self, new_tokens=most) if self.new_tokens > most else None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy of the next token of the target in nats, mean over all tokens of the batch."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and targets of all tokens of the targets, of all items in one row each."""
        found, kept = model(**batch).logits, batch["labels"] != IGNORED
        return found[kept].float(), batch["labels"][kept]

    def evaluate(self, setup: Setup) -> list[float]:
        """One score a test item."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """The score of what the setup writes for each of ``examples``.

        Raises:
            NotApplicable: the setup has no processor.
            ImpossibleOutput: the model's logits are not finite.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a processor cannot be scored")
        answers: list[str] = []
        with items.scoring(setup):
            for chosen in items.batches(examples, LARGEST_BATCH):
                answers += self._answers(setup, chosen)
        return [self.score_of(example["target"], answer) for example, answer in zip(examples, answers, strict=True)]

    def _answers(self, setup: Setup, examples: Sequence[Example]) -> list[str]:
        batch = self.whole_batch(setup, examples)
        start = self.start(setup, len(examples))
        made = self.generate(
            setup.model,
            **batch,
            **start,
            max_new_tokens=self.scored_tokens,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
            **setup.generate_options(batch, self.scored_tokens),
        )
        items.finite(made.logits[0])  # what is not finite at the first token is a number format that does not do
        return self.decoded(setup.processor, made.sequences)


def written_limit(config: Any) -> int | None:
    """Tokens that the decoder takes at most; None where its configuration names no limit."""
    for name in ("max_target_positions", "max_position_embeddings"):
        limit = getattr(config, name, None)
        if isinstance(limit, int) and limit > 0:
            return limit
    return None
