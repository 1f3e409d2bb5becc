"""A small ModernBERT that tells what each word of Python source is."""

from __future__ import annotations

from collections import Counter
from typing import Any

from suite.core.recipe import Recipe
from suite.data.source_words import TAGS, TEST_WINDOWS, WINDOW_WORDS
from suite.reference import text_encoder
from suite.reference.spec import Reference

VOCABULARY = 1024
POSITIONS = 256


def build(task: Any) -> tuple[Any, Any]:
    """A ModernBERT of 4 layers, 128 wide, and its own byte-level BPE tokenizer."""
    from transformers import ModernBertForTokenClassification

    texts = [example["text"] for example in task.train()[::4]]
    tokenizer = text_encoder.train_tokenizer(texts, vocabulary=VOCABULARY, longest=POSITIONS)
    return ModernBertForTokenClassification(text_encoder.config_of(tokenizer, labels=TAGS)), tokenizer


def baselines(task: Any) -> list[tuple[str, float]]:
    """The most frequent tag, and the most frequent tag of each word."""
    counts: dict[str, Counter[str]] = {}
    for example in task.train():
        for word, tag in zip(example["words"], example["labels"], strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    all_tags = sum(counts.values(), Counter[str]())
    usual = all_tags.most_common(1)[0][0]
    by_word = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}

    def score(answer: Any) -> float:
        shares: list[float] = [
            sum(answer(word) == tag for word, tag in zip(example["words"], example["labels"], strict=True))
            / len(example["words"])
            for example in task.test()
        ]
        return sum(shares) / len(shares)

    return [
        ("most frequent training tag", score(lambda word: usual)),
        ("most frequent training tag of each word", score(lambda word: by_word.get(word, usual))),
    ]


REFERENCE = Reference(
    name="modernbert_source",
    task="token_classification",
    title="What each word of Python source is, a small ModernBERT",
    data=(
        "The source of the Python standard library (PSF License) of the interpreter that runs; tests, tables, optional "
        f"and removed modules left out. Windows of {WINDOW_WORDS} words; what a word is ({', '.join(TAGS)}) comes from "
        "`tokenize`. Quote marks, prefixes of strings and `#` are taken out. Top-level modules are split by a hash of "
        "their name (seven tenths train, one tenth validation, two tenths test); "
        f"at most {TEST_WINDOWS} test windows a module."
    ),
    training=(
        f"Byte-level BPE of {VOCABULARY} entries, trained on the train split. Weights initialised with standard "
        "deviation 0.05."
    ),
    tag="token-classification",
    recipe=Recipe(steps=300, batch_size=16, learning_rate=3e-3, weight_decay=0.05, warmup_share=0.05, clip_norm=1.0),
    build=build,
    baselines=baselines,
)
