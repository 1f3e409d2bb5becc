"""The Llamas that the reference models of text are: small, their embeddings tied."""

from __future__ import annotations

from typing import Any

INITIAL_SD = 0.05
"""Of the weights: the default of 0.02 is far too small for widths of one or two hundred."""


def small_llama(tokenizer: Any, *, width: int, layers: int, mlp_width: int, positions: int) -> Any:
    """An untrained Llama of four heads for the ids of ``tokenizer``.

    Args:
        tokenizer: with a start, an end and a padding token.
        width: of a token's vector.
        layers: blocks.
        mlp_width: inner width of each block's MLP.
        positions: tokens that it takes.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        intermediate_size=mlp_width,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
        initializer_range=INITIAL_SD,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)
