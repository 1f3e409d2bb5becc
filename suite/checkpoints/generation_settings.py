"""How a checkpoint would have its tokens chosen, replaced by one way for all: greedily, one by one, from a cache."""

from __future__ import annotations

from typing import Any

_TOKENS = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "suppress_tokens",
    "begin_suppress_tokens",
)


def choose_greedily(model: Any) -> None:
    """Replaces the model's generation settings; only the numbers of its special tokens stay.

    Among these are tokens that are never written (Whisper's of noises), or not first: they belong to its vocabulary.

    A checkpoint's ``generation_config.json`` may ask for beams, for no cache, or for an output of another kind: that
    would decide the energy of a query, and the same weights saved elsewhere would seem to save energy.
    """
    from transformers import GenerationConfig

    found = getattr(model, "generation_config", None)
    if found is None:
        return
    tokens = {name: getattr(found, name, None) for name in _TOKENS}
    model.generation_config = GenerationConfig(do_sample=False, num_beams=1, use_cache=True, **tokens)
