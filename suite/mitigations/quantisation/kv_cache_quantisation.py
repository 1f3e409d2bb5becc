"""kv_cache_quantisation: the key-value cache of a model that generates, in 2, 4 or 8 bits."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from suite.checkpoints.hub import first_line
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import compiling, decoding, effect, layers, quantised_cache, runtime_change

PIECE = 32
"""Tokens of a scored text that are read at once, over the cache of those before them."""
PROBE_TOKENS = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class KvCacheQuantisation(Mitigation):
    """Gives the candidate's ``generate`` a quantised cache, and has texts that are scored read over one.

    Attributes:
        bits: of a stored key or value: 2, 4 or 8.
        residual_length: newest tokens after the prompt that stay in floating point until they are so many, at least 1.
    """

    intervention: ClassVar[str] = "quantisation"
    source: ClassVar[str] = (
        "Liu et al. 2024, KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache, arXiv:2402.02750; "
        "transformers' quantised cache, https://huggingface.co/docs/transformers/kv_cache"
    )
    idea: ClassVar[str] = (
        "Every new token reads the keys and values of all tokens before it. Store them rounded to a few bits, with a "
        "scale and a least value for each vector, and the newest ones in floating point."
    )
    effect: ClassVar[str] = (
        "The cache shrinks to about a quarter (4 bits, from 16), so that longer inputs and larger batches fit into "
        "memory. Energy rises as a rule: the whole cache is widened again at every token, in eager operations. It "
        "could save only with kernels that read the packed values, which are not here. Does nothing without generation."
    )
    accuracy: ClassVar[str] = "Little loss at 8 and 4 bits, a clear one at 2, more with small heads."
    deviations: ClassVar[str] = (
        "KIVI scales keys by channel over groups of tokens; here keys and values are scaled by token and head, so that "
        "any length fits, with torch's own operations: quanto, which transformers would use, compiles a kernel into "
        "its own folder at the first call. Scored texts are read in pieces of 32 tokens over the same cache, as a "
        "prompt and its continuation are, so that the score shows the rounding."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        generates=True,
        reads="text",
        suits="models without an encoder beside the decoder that cache keys and values of every token",
        reasons={
            "phase": "training reads whole texts, without a cache",
            "generates": "there is no cache elsewhere",
            "reads": "it is for models that continue a text",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("decoding",)
    conflicts: ClassVar[tuple[str, ...]] = ("decoding",)

    bits: int
    residual_length: int

    def __post_init__(self) -> None:
        if isinstance(self.bits, bool) or self.bits not in quantised_cache.BITS:
            known = ", ".join(str(bits) for bits in quantised_cache.BITS)
            raise InputError("kv_cache_quantisation.bits is unknown", got=self.bits, remedy=f"give one of {known}")
        checks.count("kv_cache_quantisation.residual_length", self.residual_length, least=1)

    def apply(self, setup: Setup) -> Setup:
        """A copy that shares all weights, and the option for ``generate``."""
        if not setup.task.generates:
            raise NotApplicable(f"the task {setup.task.name} generates nothing, so there is no cache")
        runtime_change.require_eager(setup, "kv_cache_quantisation")
        decoding.require_text(setup, "kv_cache_quantisation")
        model: Any = layers.module_of(setup)
        if isinstance(setup.generate_options, _Options):
            raise NotApplicable("the key-value cache is quantised already")
        quantised_cache.require_plain_attention(model.config, self.bits)
        options = _Options(model.config, self.bits, self.residual_length)
        copied: Any = compiling.eager_copy(model)
        copied.forward = types.MethodType(_in_pieces(type(model).forward, self.bits, self.residual_length), copied)
        changed = setup.replace(model=copied, generate_options=options)
        try:
            _generated(changed)
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            what = f"{effect.architecture(setup)} does not generate over a quantised cache"
            raise NotApplicable(f"{what}: {first_line(error)}") from error
        return changed

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Class and bytes of the cache after a few tokens, and the share of these tokens that stayed the same."""
        (was, old), (now, new) = _generated(before), _generated(after)
        seen = effect.changes(before, after) | {
            "cache": {"before": type(was.layers[0]).__name__, "after": type(now.layers[0]).__name__},
            "cache_bytes": {"before": quantised_cache.bytes_of(was), "after": quantised_cache.bytes_of(now)},
            "same_tokens_share": float((old == new).float().mean()),
        }
        smaller = seen["cache_bytes"]["after"] < seen["cache_bytes"]["before"]
        return effect.require(smaller, "the key-value cache did not get smaller", seen)


class _Options:
    """Arguments of ``generate``: an empty quantised cache for each batch."""

    def __init__(self, config: Any, bits: int, residual_length: int) -> None:
        self._make = functools.partial(quantised_cache.make, config, bits=bits, residual_length=residual_length)

    def __call__(self, batch: Mapping[str, Any], new_tokens: int) -> dict[str, Any]:
        return {"past_key_values": self._make()}


def _generated(setup: Setup) -> tuple[Any, torch.Tensor]:
    """The cache after a few new tokens for a few samples, and these tokens."""
    batch = effect.probe_batch(setup)
    with setup.active():
        made = setup.model.generate(
            **batch,
            max_new_tokens=PROBE_TOKENS,
            min_new_tokens=PROBE_TOKENS,
            do_sample=False,
            pad_token_id=0,
            return_dict_in_generate=True,
            **setup.generate_options(batch, PROBE_TOKENS),
        )
    return made.past_key_values, made.sequences[:, batch["input_ids"].shape[1] :]


def _in_pieces(forward: Any, bits: int, residual_length: int) -> Any:
    """A model class's ``forward`` that reads a text without a cache piece by piece over a quantised one."""

    @functools.wraps(forward)
    def read(self: Any, *args: Any, **inputs: Any) -> Any:
        if args or not set(inputs) <= {"input_ids", "attention_mask"} or "input_ids" not in inputs:
            return forward(self, *args, **inputs)  # what generate passes, with the cache that it has
        cache = quantised_cache.make(self.config, bits=bits, residual_length=residual_length)
        ids, mask = inputs["input_ids"], inputs.get("attention_mask")
        logits = []
        for start in range(0, ids.shape[1], PIECE):
            end = start + PIECE
            seen = {} if mask is None else {"attention_mask": mask[:, :end]}
            read_now = forward(self, input_ids=ids[:, start:end], past_key_values=cache, use_cache=True, **seen)
            logits.append(read_now.logits)
        return types.SimpleNamespace(logits=torch.cat(logits, dim=1))

    return read
