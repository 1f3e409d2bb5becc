"""A small Llama that continues Python source."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from suite.core.recipe import Recipe
from suite.reference.byte_tokenizer import train_byte_tokenizer
from suite.reference.llama import small_llama
from suite.reference.spec import Reference

VOCABULARY = 2048
POSITIONS = 256
END = "<|endoftext|>"


def build(task: Any) -> tuple[Any, Any]:
    """A Llama of 4 layers, 192 wide, embeddings tied, and its own byte-level BPE tokenizer."""
    tokenizer = train_tokenizer([example["text"] for example in task.train()])
    return small_llama(tokenizer, width=192, layers=4, mlp_width=512, positions=POSITIONS), tokenizer


def train_tokenizer(texts: Sequence[str]) -> Any:
    """Byte-level BPE; one special token starts, ends and pads."""
    return train_byte_tokenizer(
        texts,
        vocabulary=VOCABULARY,
        longest=POSITIONS,
        special_tokens=dict.fromkeys(("bos_token", "eos_token", "pad_token"), END),
        begins_with_space=False,
    )


def baselines(task: Any) -> list[tuple[str, float]]:
    """Bits per byte, mean over windows: unigram of bytes, unigram of BPE tokens, zlib of each window."""
    train = [example["text"] for example in task.train()]
    test = [example["text"] for example in task.test()]
    tokenizer = train_tokenizer(train)

    def tokens(text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return found

    return [
        (
            "unigram of bytes",
            unigram([list(text.encode()) for text in train], [list(text.encode()) for text in test], test, 256),
        ),
        ("unigram of the model's tokens", unigram(list(map(tokens, train)), list(map(tokens, test)), test, VOCABULARY)),
        (
            "zlib, level 9, each window by itself",
            mean([8 * len(zlib.compress(text.encode(), 9)) / len(text.encode()) for text in test]),
        ),
    ]


def unigram(train: Sequence[Sequence[int]], test: Sequence[Sequence[int]], texts: Sequence[str], kinds: int) -> float:
    """Bits per byte of ``test`` by the add-one frequencies of the symbols of ``train``."""
    counts = Counter(symbol for row in train for symbol in row)
    total = sum(counts.values()) + kinds
    return mean(
        [
            -sum(math.log2((counts[symbol] + 1) / total) for symbol in row) / len(text.encode())
            for row, text in zip(test, texts, strict=True)
        ]
    )


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean."""
    return math.fsum(values) / len(values)


REFERENCE = Reference(
    name="llama_stdlib",
    task="text_generation",
    title="Python source, a small Llama",
    data=(
        "The source of the Python standard library (PSF License) of the interpreter that runs; tests, tables, optional "
        "and removed modules left out. Top-level modules are split by a hash of their name (seven tenths train, one "
        "tenth validation, two tenths test). A scored window is at most 640 bytes; at most 12 windows a module."
    ),
    training=(
        f"Byte-level BPE of {VOCABULARY} entries, trained on the train split. Windows of at most 640 bytes, each "
        "after a start token. Weights initialised with standard deviation 0.05."
    ),
    tag="text-generation",
    recipe=Recipe(steps=1300, batch_size=12, learning_rate=3e-3, weight_decay=0.1, warmup_share=0.05, clip_norm=1.0),
    build=build,
    baselines=baselines,
)
