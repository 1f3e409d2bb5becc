"""The tokenizer that the embedded models of text are trained with: byte-level BPE, one call a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def train_byte_tokenizer(
    texts: Iterable[str],
    *,
    vocabulary: int,
    longest: int,
    special_tokens: Mapping[str, str],
    begins_with_space: bool,
    frame: Mapping[str, str] | None = None,
    dropout: float | None = None,
) -> Any:
    """Byte-level BPE (Sennrich et al. 2016, arXiv:1508.07909) over all 256 bytes.

    Args:
        texts: to count pairs of tokens in.
        vocabulary: entries, special tokens and the 256 bytes included.
        longest: tokens that the model takes.
        special_tokens: by their name in ``transformers``; they take the first ids, each once.
        begins_with_space: whether a text's first word is one like those within it.
        frame: ``single`` and ``pair``, the templates of special tokens around a text and around two; None for none.
        dropout: share of merges left out at every use (arXiv:1910.13267); None for none.

    Returns:
        A fast tokenizer.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    names = list(dict.fromkeys(special_tokens.values()))
    tokenizer = Tokenizer(models.BPE(dropout=dropout))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=begins_with_space)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=names,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if frame is not None:
        used = [(name, number) for number, name in enumerate(names) if any(name in each for each in frame.values())]
        tokenizer.post_processor = processors.TemplateProcessing(**frame, special_tokens=used)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **special_tokens,
        model_max_length=longest,
        model_input_names=["input_ids", "attention_mask"],
    )
