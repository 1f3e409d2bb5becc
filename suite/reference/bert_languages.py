"""A small BERT that tells 40 languages apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from suite.core.recipe import Recipe
from suite.reference.byte_tokenizer import train_byte_tokenizer
from suite.reference.spec import Reference

VOCABULARY = 2048
POSITIONS = 128
BPE_DROPOUT = 0.1
SPECIAL_TOKENS = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def build(task: Any) -> tuple[Any, Any]:
    """A BERT of 4 layers, 192 wide, and its own byte-level BPE tokenizer."""
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = train_tokenizer([example["text"] for example in task.train()])
    names = sorted({example["label"] for example in task.train()})
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=768,
        max_position_embeddings=POSITIONS,
        type_vocab_size=1,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.05,  # the default 0.02 is far too small for a width of 192
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    return BertForSequenceClassification(config), tokenizer


def train_tokenizer(texts: Sequence[str]) -> Any:
    """Byte-level BPE with BERT's special tokens; while training it drops merges (arXiv:1910.13267)."""
    return train_byte_tokenizer(
        texts,
        vocabulary=VOCABULARY,
        longest=POSITIONS,
        special_tokens=SPECIAL_TOKENS,
        begins_with_space=True,
        frame={"single": "[CLS] $A [SEP]"},
        dropout=BPE_DROPOUT,
    )


def without_dropout(tokenizer: Any) -> None:
    """Makes ``tokenizer`` deterministic, in place."""
    tokenizer.backend_tokenizer.model.dropout = None


def baselines(task: Any) -> list[tuple[str, float]]:
    """Most frequent label, and logistic regression on TF-IDF of character 1- to 3-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train, test = task.train()[::4], task.test()
    texts, labels = [example["text"] for example in test], [example["label"] for example in test]
    frequent = Counter(example["label"] for example in train).most_common(1)[0][0]
    simple = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, lowercase=False),
        LogisticRegression(C=10, max_iter=300),
    )
    simple.fit([example["text"] for example in train], [example["label"] for example in train])
    return [
        ("most frequent training label", sum(label == frequent for label in labels) / len(labels)),
        ("TF-IDF of character 1- to 3-grams and logistic regression", float(simple.score(texts, labels))),
    ]


REFERENCE = Reference(
    name="bert_languages",
    task="text_classification",
    title="Which of 40 languages, a small BERT",
    data=(
        "Names of territories, languages, scripts and currencies from the Unicode Common Locale Data Repository "
        "(Unicode License v3), as Babel ships them. A text is three names of one language, joined. Names are split "
        "by a hash of their English form (seven tenths train, one tenth validation, two tenths test), so that no "
        "name of the test split is seen in training in any language. Names that 12 to 31 other languages have "
        "are test items only."
    ),
    training=(
        f"Byte-level BPE of {VOCABULARY} entries, trained on the train split; while training it leaves out merges with "
        f"probability {BPE_DROPOUT} (BPE-dropout, arXiv:1910.13267). Weights initialised with standard deviation 0.05."
    ),
    tag="text-classification",
    recipe=Recipe(steps=1200, batch_size=64, learning_rate=1e-3, weight_decay=0.05, warmup_share=0.1, clip_norm=1.0),
    build=build,
    before_saving=without_dropout,
    baselines=baselines,
)
