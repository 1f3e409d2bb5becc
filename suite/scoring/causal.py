"""Tasks that a causal language model answers token by token: what they share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import torch

from suite.checkpoints.tokenizer_fit import stated_limit
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example, FurtherScore, Task
from suite.errors import InputError
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.harness import Harness, harness_of

IGNORED = -100
"""The label that no loss is taken of."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Causal(Task):
    """A query is a prompt that the model continues; a subclass says which prompts, and what an answer scores.

    Attributes:
        new_tokens: tokens generated for each prompt, neither more nor fewer.
        lm_eval: which tasks of lm-evaluation-harness are scored beside.
    """

    auto_class: ClassVar[str] = "AutoModelForCausalLM"
    processor_class: ClassVar[str] = "AutoTokenizer"
    generates: ClassVar[bool] = True
    reads: ClassVar[Reads | None] = "text"

    new_tokens: int
    lm_eval: Harness

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.new_tokens", self.new_tokens, least=1)
        object.__setattr__(self, "lm_eval", harness_of(self.lm_eval))  # conf has a mapping

    def further_scores(self, setup: Setup, scores: Sequence[float]) -> list[FurtherScore]:
        """See Task."""
        return self.lm_eval.scores(setup, self.seed)

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Generates ``new_tokens`` for each prompt; returns how many tokens were made."""
        tokens = self.continued(setup, batch, least_tokens=self.new_tokens)  # as many in both arms: none may end early
        return int((tokens.shape[1] - batch["input_ids"].shape[1]) * tokens.shape[0])

    def continued(self, setup: Setup, batch: Batch, *, least_tokens: int = 0) -> torch.Tensor:
        """Token ids (batch, prompt and at most ``new_tokens``), the likeliest each time; an end token ends a row."""
        tokens: torch.Tensor = setup.model.generate(
            **batch,
            max_new_tokens=self.new_tokens,
            min_new_tokens=least_tokens,
            do_sample=False,
            pad_token_id=pad_id(setup.processor),
            **setup.generate_options(batch, self.new_tokens),
        )
        return tokens

    def answer_tokens(self) -> int:
        """See Task."""
        return self.new_tokens

    def with_new_tokens(self, most: int) -> Self | None:
        """See Task."""
        return dataclasses.replace(self, new_tokens=most) if self.new_tokens > most else None

    def prompt_tokens_of(self, batch: Batch) -> int:
        """See Task."""
        return int(batch["attention_mask"].sum())

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy of the next token in nats, mean over all tokens of the batch that have a label."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and targets of all next tokens that have a label, of all samples in one row each."""
        found = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        targets = batch["labels"][:, 1:]
        kept = targets != IGNORED
        return found[:, :-1][kept].float(), targets[kept]

    def random_ids(self, setup: Setup, example: Example, length: int) -> list[int]:
        """``length`` ids drawn from the example's text and the seed, for models without a tokenizer."""
        generator = items.generator_for(self.seed, example["text"].encode())
        return torch.randint(vocabulary_of(setup.model.config), (length,), generator=generator).tolist()


def check_continues(model: Any, tokens: int, remedy: str) -> None:
    """Passes where ``model`` can generate, and takes so many ``tokens`` of prompt and answer together.

    Raises:
        InputError: it cannot; ``remedy`` says what to do where it has too few positions.
    """
    if not hasattr(model, "generate"):
        raise InputError("the model must be able to generate", got=type(model).__name__, remedy="name a causal one")
    positions = stated_limit(model.config)
    if positions is not None and tokens > positions:
        what = f"the model has {positions} positions, too few for prompt and new tokens"
        raise InputError(what, got=tokens, remedy=remedy)


def token_rows(processor: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of each text, without end, after a start token: the tokenizer's own, else its end token."""
    start = processor.bos_token_id if processor.bos_token_id is not None else processor.eos_token_id
    if start is None:
        raise InputError(
            "the model's tokenizer has neither a start nor an end token", got=None, remedy="set its bos_token"
        )
    encoded = processor(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    return [[start, *row] for row in encoded]


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
