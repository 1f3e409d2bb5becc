"""Continuous batching by transformers: an engine of one thread, which owns the model while it runs.

At each step it reads one token of every query that is being answered, and the prompts of those that have just come.
Source: Yu et al. 2022, Orca, OSDI 2022, https://www.usenix.org/conference/osdi22/presentation/yu; the paged cache of
keys and values from Kwon et al. 2023, PagedAttention, arXiv:2309.06180.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from suite.core.task import Batch

_PATIENCE_S = 300.0  # a query that is not answered for so long never will be
_STOP_S = 10.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the engine is made for.

    Attributes:
        queries: most that are answered at the same time.
        cache_tokens: tokens that the key-value cache has room for.
        page_tokens: tokens a page of it.
        step_tokens: most tokens that are read in a step; longer prompts are read in pieces.
    """

    queries: int
    cache_tokens: int
    page_tokens: int
    step_tokens: int


class ContinuousEngine:
    """Transformers' manager, started for a session and ended with it."""

    def __init__(self, model: Any, sizes: Sizes) -> None:
        """``model`` generates for nobody else while a session lasts."""
        self.model, self.sizes = model, sizes
        self._manager: Any = None
        self._answers: dict[str, list[int]] = {}

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """See Engine."""
        if self._manager is not None:
            yield
            return
        self._manager = self._made()
        try:
            with torch.random.fork_rng():  # it seeds the global generator as it gets ready
                self._manager.warmup()
            self._manager.start()
            yield
        finally:
            manager, self._manager = self._manager, None
            manager.stop(block=True, timeout=_STOP_S, hard_stop=True)
            self._answers.clear()

    def submit(self, batch: Batch, new_tokens: int) -> list[str]:
        """See Engine. Padding is left out."""
        masks = batch.get("attention_mask", torch.ones_like(batch["input_ids"])).bool()
        prompts = [row[mask].tolist() for row, mask in zip(batch["input_ids"], masks, strict=True)]
        return [self._manager.add_request(prompt, max_new_tokens=new_tokens, eos_token_id=-1) for prompt in prompts]

    def next_answer(self, timeout_s: float) -> str | None:
        """See Engine.

        Raises:
            RuntimeError: the engine has failed.
        """
        found = self._manager.get_result(timeout=timeout_s)
        if found is None:
            if self._manager.background_thread_status.fatal_error is not None or not self._manager.is_running():
                raise RuntimeError(f"continuous batching ended: {self._manager.background_thread_status.fatal_error}")
            return None
        if found.error is not None:
            raise RuntimeError(f"continuous batching failed a query: {found.error}")
        self._answers[found.request_id] = found.generated_tokens
        return str(found.request_id)

    def tokens_of(self, name: str) -> list[int]:
        """The answer to a query that was named by ``next_answer``; told once."""
        return self._answers.pop(name)

    def _made(self) -> Any:
        from transformers import ContinuousBatchingConfig, GenerationConfig

        sizes = self.sizes
        config = ContinuousBatchingConfig(
            page_size=sizes.page_tokens,
            num_blocks=math.ceil(sizes.cache_tokens / sizes.page_tokens),
            max_batch_tokens=sizes.step_tokens,
            max_requests_per_batch=sizes.queries,
            allow_block_sharing=False,  # prompts that begin alike are read again, as the baseline reads them
            auto_switch_to_flash=False,  # attention stays what it is in the baseline
            seed=0,
        )
        generation = GenerationConfig(do_sample=False, eos_token_id=-1, pad_token_id=0)
        return self.model.init_continuous_batching(generation_config=generation, continuous_batching_config=config)


class ContinuousModel(nn.Module):
    """A causal language model whose ``generate`` goes through an engine. Called, it answers as the model itself does.

    Attributes:
        model: the model.
        engine: that has it.
        config: the model's.
    """

    def __init__(self, model: Any, sizes: Sizes) -> None:
        super().__init__()
        self.model: Any = model
        self.engine = ContinuousEngine(model, sizes)
        self.config: Any = copy.deepcopy(model.config)

    def forward(self, **batch: torch.Tensor) -> Any:
        """As the model."""
        return self.model(**batch)

    def generate(self, *, max_new_tokens: int, **asked: Any) -> torch.Tensor:
        """Prompts with their answers (batch, prompt + new tokens): all are submitted at once and waited for."""
        with self.engine.session():
            names = self.engine.submit(asked, max_new_tokens)
            waiting = set(names)
            while waiting:
                answered = self.engine.next_answer(_PATIENCE_S)
                if answered is None:
                    raise RuntimeError(f"continuous batching has not answered a query in {_PATIENCE_S:g} s")
                waiting.remove(answered)
            rows = [self.engine.tokens_of(name) for name in names]
        return torch.cat([asked["input_ids"], torch.tensor(rows, device=asked["input_ids"].device)], dim=1)
