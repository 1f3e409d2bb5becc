"""What the embedded encoders of texts share: a small ModernBERT and its tokenizer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from suite.reference.byte_tokenizer import train_byte_tokenizer

SPECIAL_TOKENS = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def config_of(tokenizer: Any, **changes: Any) -> Any:
    """ModernBERT (arXiv:2412.13663) of 4 layers, 128 wide, all attention global; places are relative (rotary)."""
    from transformers import ModernBertConfig

    names = changes.pop("labels", None)
    if names is not None:
        changes |= {"id2label": dict(enumerate(names)), "label2id": {name: at for at, name in enumerate(names)}}
    fields = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "intermediate_size": 192,
        "max_position_embeddings": tokenizer.model_max_length,
        "layer_types": ["full_attention"] * 4,
        "initializer_range": 0.05,  # the default 0.02 is far too small for a width of 128
        "pad_token_id": tokenizer.pad_token_id,
        "cls_token_id": tokenizer.cls_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
    }
    return ModernBertConfig(**{**fields, **changes})


def train_tokenizer(texts: Iterable[str], *, vocabulary: int, longest: int) -> Any:
    """Byte-level BPE that frames a text by [CLS] and [SEP], and a second one by another [SEP].

    Args:
        texts: to count pairs of tokens in.
        vocabulary: entries, special tokens and the 256 bytes included.
        longest: tokens that the model takes.
    """
    return train_byte_tokenizer(
        texts,
        vocabulary=vocabulary,
        longest=longest,
        special_tokens=SPECIAL_TOKENS,
        begins_with_space=True,
        frame={"single": "[CLS] $A [SEP]", "pair": "[CLS] $A [SEP] $B [SEP]"},
    )
