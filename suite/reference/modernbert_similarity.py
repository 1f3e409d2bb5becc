"""A small ModernBERT that gives names of one thing in many languages like vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.core.recipe import Recipe
from suite.reference import text_encoder
from suite.reference.spec import Reference

VOCABULARY = 3 + 256
"""Special tokens and bytes: names of the test split are new, so larger pieces would mostly be as well."""
POSITIONS = 128


def build(task: Any) -> tuple[Any, Any]:
    """A ModernBERT of 4 layers, 128 wide, that reads bytes."""
    from transformers import ModernBertModel

    tokenizer = text_encoder.train_tokenizer(
        [example["text"] for example in task.train()], vocabulary=VOCABULARY, longest=POSITIONS
    )
    return ModernBertModel(text_encoder.config_of(tokenizer)), tokenizer


def baselines(task: Any) -> list[tuple[str, float]]:
    """A random order, and cosines of TF-IDF of character 1- to 3-grams, fitted on the train split."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    simple = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    simple.fit([example["text"] for example in task.train()])
    test = task.test()
    targets = list(dict.fromkeys(example["target"] for example in test))
    cosines = (simple.transform([example["text"] for example in test]) @ simple.transform(targets).T).toarray()
    own = np.array([cosines[row, targets.index(example["target"])] for row, example in enumerate(test)])
    found = (cosines >= own[:, None]).sum(axis=1) - 1 < task.nearest
    return [
        ("a random order", task.chance_score()),
        ("TF-IDF of character 1- to 3-grams", float(found.mean())),
    ]


REFERENCE = Reference(
    name="modernbert_similarity",
    task="sentence_similarity",
    title="Names of one thing in 40 languages, a small ModernBERT",
    data=(
        "Names of territories, languages, scripts and currencies from the Unicode Common Locale Data Repository "
        "(Unicode License v3), as Babel ships them. A pair is two names of one thing in two languages of 40. Names are "
        "split by a hash of their English form (seven tenths train, one tenth validation, two tenths test), so that no "
        "name of the test split is seen in training in any language. Names that 12 to 31 other languages have are test "
        "items only. The score is recall@1 among the targets of the whole test split."
    ),
    training=(
        "Tokens are bytes. InfoNCE with the other pairs of a batch as negatives, cosines times 20. Weights initialised "
        "with standard deviation 0.05."
    ),
    tag="sentence-similarity",
    recipe=Recipe(steps=500, batch_size=48, learning_rate=2e-3, weight_decay=0.05, warmup_share=0.05, clip_norm=1.0),
    build=build,
    baselines=baselines,
)
