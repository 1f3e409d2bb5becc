"""A small T5 that says the span of dates in short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from suite.core.recipe import Recipe
from suite.reference.byte_tokenizer import train_byte_tokenizer
from suite.reference.spec import Reference

VOCABULARY = 768
SPECIAL_TOKENS = {"pad_token": "<pad>", "eos_token": "</s>"}
LONGEST = 128


def build(task: Any) -> tuple[Any, Any]:
    """A T5 of 3 + 3 layers, 96 wide, and its own byte-level BPE tokenizer."""
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = train_tokenizer([example[part] for example in task.train() for part in ("text", "target")])
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=96,
        d_kv=24,
        d_ff=256,
        num_layers=3,
        num_decoder_layers=3,
        num_heads=4,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=64,
        dropout_rate=0.0,
        feed_forward_proj="relu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    return T5ForConditionalGeneration(config), tokenizer


def train_tokenizer(texts: Sequence[str]) -> Any:
    """Byte-level BPE; the end token closes each text."""
    return train_byte_tokenizer(
        texts,
        vocabulary=VOCABULARY,
        longest=LONGEST,
        special_tokens=SPECIAL_TOKENS,
        begins_with_space=True,
        frame={"single": "$A </s>"},
    )


def baselines(task: Any) -> list[tuple[str, float]]:
    """ROUGE-L of the document itself, of its first and last date, of its beginning, and of one summary for all."""
    from suite.scoring.overlap import rouge_l

    test, constant = task.test(), task.train()[0]["target"]

    def ends(text: str) -> str:
        dates = text.split("; ")
        return f"{dates[0]} {dates[-1]}"

    simple: dict[str, Callable[[str], str]] = {
        "one summary of the train split for all": lambda text: constant,
        "first and last date, in full": lambda text: ends(text),
        "the whole document": lambda text: text,
        "the first date, in full": lambda text: text.split("; ")[0],
    }
    return [
        (name, sum(rouge_l(example["target"], answer(example["text"])) for example in test) / len(test))
        for name, answer in simple.items()
    ]


REFERENCE = Reference(
    name="t5_dates",
    task="summarisation",
    title="The span of three dates in short, a small T5",
    data=(
        "Itineraries of three dates from 2000 on, written out in full, and their span in short, in 10 languages, as "
        "Babel writes them after the Unicode Common Locale Data Repository (Unicode License v3). Spans are split by a "
        "hash of their first and last day (seven tenths train, one tenth validation, two tenths test), so that no span "
        "is in two splits, in any language."
    ),
    training=f"Byte-level BPE of {VOCABULARY} entries, trained on the train split.",
    tag="summarization",
    recipe=Recipe(steps=2000, batch_size=32, learning_rate=3e-3, weight_decay=0.01, warmup_share=0.05, clip_norm=1.0),
    build=build,
    baselines=baselines,
)
