"""Decoding token by token: what ``generate`` is asked, and what it is seen to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch

from suite.checkpoints.hub import first_line
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.toolkit import effect, layers, runtime_change


def require_plain(setup: Setup, name: str) -> None:
    """Passes where the model answers token by token, eagerly, and ``generate`` is asked for nothing special yet.

    Raises:
        NotApplicable: otherwise; ``name`` is the technique's.
    """
    if not setup.task.generates:
        raise NotApplicable(f"the task {setup.task.name} generates nothing: {name} changes how tokens are generated")
    runtime_change.require_eager(setup, name)
    layers.module_of(setup)
    require_text(setup, name)
    asked = setup.generate_options(setup.task.batch(setup, setup.task.samples(1)), 1)
    if asked:
        found = ", ".join(sorted(asked))
        raise NotApplicable(f"an earlier technique decides how tokens are generated ({found}): name one of them only")


def require_text(setup: Setup, name: str) -> None:
    """Passes where a query is a text that the model continues.

    Raises:
        NotApplicable: it is an image, or another sample that is answered in text; ``name`` is the technique's.
    """
    if "input_ids" not in setup.task.batch(setup, setup.task.samples(1)):
        raise NotApplicable(f"{name} is for models that continue a text: a query of {setup.task.name} is none")


def require_speculation(setup: Setup, name: str) -> None:
    """``require_plain``, and one query at a time of a model whose guesses mean something.

    Raises:
        NotApplicable: otherwise; ``name`` is the technique's.
    """
    require_plain(setup, name)
    if setup.batch_size != 1:
        remedy = "give workload=single_stream, or batch_size=1"
        raise NotApplicable(f"{name} answers one query at a time, the batch size here is {setup.batch_size}: {remedy}")
    if setup.random_weights:
        raise NotApplicable("the model has random weights: how often a guess at its next token is right means nothing")


def require_tokens(setup: Setup, how: str) -> Setup:
    """``setup``, if it generates for a training sample.

    Args:
        setup: whose ``generate`` is asked for what not every architecture bears.
        how: that, as the end of a sentence.

    Raises:
        NotApplicable: it does not, in the words of the library that refuses.
    """
    try:
        with setup.active():
            setup.task.run(setup, setup.task.batch(setup, setup.task.samples(1)))
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        raise NotApplicable(f"{effect.architecture(setup)} does not generate {how}: {first_line(error)}") from error
    return setup


@dataclasses.dataclass(frozen=True)
class Options:
    """Arguments of ``generate`` that are the same for all batches."""

    values: Mapping[str, Any]

    def __call__(self, batch: Batch, new_tokens: int) -> dict[str, Any]:
        """The arguments."""
        return dict(self.values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoded:
    """What the model was seen to do for some training samples.

    Attributes:
        tokens: new tokens of each query.
        forwards: calls of the model.
        positions: token positions that these calls computed, over all rows.
        prompts: token positions of the prompts, padding included.
    """

    tokens: list[list[int]]
    forwards: int
    positions: int
    prompts: int

    @property
    def made(self) -> int:
        """New tokens of all queries."""
        return sum(map(len, self.tokens))

    @property
    def drafted(self) -> int:
        """Of one query at a time: tokens that were guessed and put to the model beside its own last one."""
        return self.positions - self.prompts - (self.forwards - len(self.tokens))

    @property
    def accepted(self) -> int:
        """Of one query at a time: guesses that the model confirmed; each call adds a token of its own to them."""
        return self.made - self.forwards


class _Watched:
    """A model that notes what ``generate`` returned."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.prompts = 0
        self.tokens: list[list[int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, **asked: Any) -> Any:
        """As the model does."""
        made = self._model.generate(**asked)
        prompt = begun(self._model, asked)
        self.prompts += len(made) * prompt
        self.tokens += made[:, prompt:].tolist()
        return made


def begun(model: Any, asked: Mapping[str, Any]) -> int:
    """Tokens that ``generate``'s rows begin with: the prompt; beside an encoder, what an answer starts with."""
    if not model.config.is_encoder_decoder:
        return int(asked["input_ids"].shape[1])
    start = asked.get("decoder_input_ids")
    return 1 if start is None else int(start.shape[1])


def decode(setup: Setup) -> Decoded:
    """Answers a few training samples in batches of the setup's size and watches."""
    watched, seen = _Watched(setup.model), {"forwards": 0, "positions": 0}
    read = "decoder_input_ids" if setup.model.config.is_encoder_decoder else "input_ids"

    def note(module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        ids = named.get(read, given[0] if given else None)
        seen["forwards"] += 1
        seen["positions"] += 0 if ids is None else ids.numel()

    samples, size = setup.task.samples(effect.PROBE_SAMPLES), min(setup.batch_size, effect.PROBE_SAMPLES)
    handle = setup.model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        with setup.active():
            for start in range(0, len(samples), size):
                chosen = samples[start : start + size]
                setup.task.run(setup.replace(model=watched), setup.task.batch(setup, chosen))
    finally:
        handle.remove()
    return Decoded(tokens=watched.tokens, prompts=watched.prompts, **seen)


def compared(before: Setup, after: Setup, figures: Callable[[Decoded], dict[str, Any]]) -> dict[str, Any]:
    """The changes of both setups, the ``figures`` of what each did, and the share of tokens that are the same."""
    seen = {"before": decode(before), "after": decode(after)}
    return effect.changes(before, after) | {
        "decoding": {arm: figures(decoded) for arm, decoded in seen.items()},
        "same_tokens": same_tokens(seen["before"], seen["after"]),
    }


def same_tokens(first: Decoded, second: Decoded) -> float:
    """Share of the tokens of ``first`` that ``second`` has in the same place."""
    pairs = zip(first.tokens, second.tokens, strict=True)
    same = sum(one == other for ours, theirs in pairs for one, other in zip(ours, theirs, strict=False))
    return same / first.made if first.made else 1.0


def speculation(decoded: Decoded) -> dict[str, Any]:
    """Figures of speculative decoding: calls a token, guesses, and the share of them that the model confirmed."""
    made = max(1, decoded.made)
    return {
        "forwards_per_token": decoded.forwards / made,
        "drafted_per_token": decoded.drafted / made,
        "acceptance": decoded.accepted / decoded.drafted if decoded.drafted else None,
    }
