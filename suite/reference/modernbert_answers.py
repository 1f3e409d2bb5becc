"""A small ModernBERT that finds a name's translation in a list."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Example
from suite.data.name_items import PAIRS
from suite.reference import text_encoder
from suite.reference.spec import Reference
from suite.scoring.answers import best_f1

VOCABULARY = 1024
POSITIONS = 256
MASKED = "?"
"""What stands in for the question where the model is not to know it."""


def build(task: Any) -> tuple[Any, Any]:
    """A ModernBERT of 3 layers, 64 wide: looking a name up takes few weights to do, and many steps to learn."""
    from transformers import ModernBertForQuestionAnswering

    texts = [example["text"] for example in task.train()[::3]]
    tokenizer = text_encoder.train_tokenizer(texts, vocabulary=VOCABULARY, longest=POSITIONS)
    config = text_encoder.config_of(
        tokenizer,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=2,
        layer_types=["full_attention"] * 3,
        initializer_range=0.1,
    )
    return ModernBertForQuestionAnswering(config), tokenizer


def baselines(task: Any) -> list[tuple[str, float]]:
    """The first line's translation, the question itself, and the whole context."""
    return [
        ("translation in the first line", _mean(task, lambda example: _first(example["text"]))),
        ("the question as it is", _mean(task, lambda example: example["question"])),
        ("the whole context", _mean(task, lambda example: example["text"])),
    ]


def controls(task: Any, setup: Setup) -> list[tuple[str, float]]:
    """The trained model without its question: what can be had without reading it."""
    hidden = [{**example, "question": MASKED} for example in task.test()]
    scores = task.score(setup, hidden)
    return [("this model with the question masked", math.fsum(scores) / len(scores))]


def _first(context: str) -> str:
    return context.split("; ")[0].split(": ")[-1]


def _mean(task: Any, answer: Callable[[Example], str]) -> float:
    test = task.test()
    scores = [best_f1(answer(example), [right.text for right in example["answers"]]) for example in test]
    return math.fsum(scores) / len(scores)


REFERENCE = Reference(
    name="modernbert_answers",
    task="question_answering",
    title="A name's translation in a list, a small ModernBERT",
    data=(
        "Names of territories, languages, scripts and currencies from the Unicode Common Locale Data Repository "
        f'(Unicode License v3), as Babel ships them. A context is a list of {PAIRS} lines "name: translation" of one '
        f"language (2 to {PAIRS} in training), the question is one of the names. Names are split by a hash of their "
        "English form (seven tenths train, one tenth validation, two tenths test), so that no name of the test split "
        "is seen in training in any language. Names that 12 to 31 other languages have are test items only."
    ),
    training=(
        f"Byte-level BPE of {VOCABULARY} entries, trained on the train split. Weights initialised with standard "
        "deviation 0.1."
    ),
    tag="question-answering",
    recipe=Recipe(steps=3000, batch_size=32, learning_rate=3e-3, weight_decay=0.01, warmup_share=0.05, clip_norm=1.0),
    build=build,
    baselines=baselines,
    controls=controls,
)
