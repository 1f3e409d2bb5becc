"""A classifier and its tokenizer, made to agree on padding and on how long a text may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from torch import nn

from suite.errors import InputError

_NO_LIMIT = 10**9
"""A tokenizer that states no longest input has a number far beyond this one."""
_LIMITS = ("max_position_embeddings", "max_seq_len")
"""What configurations call the longest input; None or below 1 where there is none, as in XLNet's."""


def fit(tokenizer: Any, model: Any) -> None:
    """Tells the model what the tokenizer pads with, and the tokenizer how many tokens the model takes.

    A decoder that classifies reads its answer at the last token that is no padding, by its configuration's
    ``pad_token_id``: were that another than the tokenizer's, the answer would depend on the rest of the batch.

    Raises:
        InputError: the model has no embedding for the padding, or counts its positions by another.
    """
    pad, config = tokenizer.pad_token_id, model.config
    if pad is not None:
        size = getattr(config.get_text_config(), "vocab_size", None)
        if size is not None and pad >= size:
            what = f"the tokenizer pads with a token beyond the model's vocabulary of {size}"
            raise InputError(what, got=pad, remedy="set pad_token in its tokenizer_config.json to a token that it has")
        for table in _tables_after_padding(model):
            if table.padding_idx != pad:
                what = (
                    f"the model's positions skip padding token {table.padding_idx}, and its tokenizer pads with another"
                )
                remedy = "set pad_token_id in config.json and pad_token to the same token"
                raise InputError(what, got=pad, remedy=remedy)
        config.pad_token_id = config.get_text_config().pad_token_id = pad
    limit = longest_input(model)
    if limit is not None:
        tokenizer.model_max_length = min(limit, tokenizer.model_max_length)


def longest_input(model: Any) -> int | None:
    """Tokens that the model takes at most; None where it takes any number.

    RoBERTa's relatives count positions from behind their padding token's number: 514 of them take 512 tokens.
    """
    limits = [limit] if (limit := stated_limit(model.config)) is not None else []
    if isinstance(model, nn.Module):
        limits += [table.num_embeddings - (table.padding_idx or 0) - 1 for table in _tables_after_padding(model)]
    return min(limits, default=None)


def check_random_length(model: Any, tokens: int) -> None:
    """Passes where the model takes texts of so many random ``tokens``.

    Raises:
        InputError: it has too few positions.
    """
    positions = longest_input(model)
    if positions is not None and tokens > positions:
        what = f"the model has {positions} positions, too few for its random texts"
        raise InputError(what, got=tokens, remedy="lower task.random_tokens")


def stated_limit(config: Any) -> int | None:
    """Tokens that a configuration says its model takes at most; None where it names no limit."""
    found = [getattr(config.get_text_config(), name, None) for name in _LIMITS]
    return min((limit for limit in found if isinstance(limit, int) and limit > 0), default=None)


def longest_text(tokenizer: Any, config: Any) -> int | None:
    """Tokens that a text is cut to: the smaller of what the tokenizer and the configuration state, if any."""
    stated = [stated_limit(config), tokenizer.model_max_length]
    return min((limit for limit in stated if limit is not None and limit < _NO_LIMIT), default=None)


def padding_side(config: Any) -> Literal["left", "right"]:
    """Where padding does no harm: behind the text, but before it for models that answer at the very last place."""
    return "left" if getattr(config, "summary_type", None) == "last" else "right"


def _tables_after_padding(model: nn.Module) -> Iterator[nn.Embedding]:
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding) and "position" in name and module.padding_idx is not None:
            yield module
