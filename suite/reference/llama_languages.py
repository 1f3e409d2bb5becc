"""A small Llama that continues a text with the language that it is in."""

from __future__ import annotations

from typing import Any

from suite.core.recipe import Recipe
from suite.reference import bert_languages
from suite.reference.byte_tokenizer import train_byte_tokenizer
from suite.reference.llama import small_llama
from suite.reference.spec import Reference

VOCABULARY = 1024
POSITIONS = 256
BPE_DROPOUT = 0.1
END = "<|endoftext|>"


def build(task: Any) -> tuple[Any, Any]:
    """A Llama of 3 layers, 128 wide, embeddings tied, and its own byte-level BPE tokenizer."""
    tokenizer = train_tokenizer(task)
    return small_llama(tokenizer, width=128, layers=3, mlp_width=384, positions=POSITIONS), tokenizer


def train_tokenizer(task: Any) -> Any:
    """Byte-level BPE of texts and labels, each label often enough to be one token; while training it drops merges."""
    train = task.train()
    labels = [f" {example['label']}" for example in train] * 3
    return train_byte_tokenizer(
        [*(example["text"] for example in train), *labels],
        vocabulary=VOCABULARY,
        longest=POSITIONS,
        special_tokens=dict.fromkeys(("bos_token", "eos_token", "pad_token"), END),
        begins_with_space=False,
        dropout=BPE_DROPOUT,
    )


REFERENCE = Reference(
    name="llama_languages",
    task="prompted_classification",
    title="Which of 40 languages, asked of a small Llama",
    data=bert_languages.REFERENCE.data,
    training=(
        f"Byte-level BPE of {VOCABULARY} entries, trained on the texts and labels of the train split; while training "
        f"it leaves out merges with probability {BPE_DROPOUT} (BPE-dropout, arXiv:1910.13267). The loss is that of the "
        "answer, a label and an end token, after the prompt. Weights initialised with standard deviation 0.05."
    ),
    tag="text-generation",
    recipe=Recipe(steps=1500, batch_size=64, learning_rate=2e-3, weight_decay=0.05, warmup_share=0.1, clip_norm=1.0),
    build=build,
    before_saving=bert_languages.without_dropout,
    baselines=bert_languages.baselines,
)
