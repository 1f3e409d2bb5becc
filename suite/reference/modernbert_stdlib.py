"""A small ModernBERT that fills in masked tokens of Python source."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Example
from suite.reference.byte_tokenizer import train_byte_tokenizer
from suite.reference.spec import Reference
from suite.reference.text_encoder import config_of

VOCABULARY = 2048
POSITIONS = 160
VARIANTS = 4
"""Times that a training text comes with other tokens masked."""
SPECIAL_TOKENS = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}


def build(task: Any) -> tuple[Any, Any]:
    """A ModernBERT of 4 layers, 160 wide, all of them with global attention, and its own byte-level BPE tokenizer."""
    from transformers import ModernBertForMaskedLM

    tokenizer = train_tokenizer([example["text"] for example in task.train()])
    config = config_of(tokenizer, hidden_size=160, intermediate_size=256)
    return ModernBertForMaskedLM(config), tokenizer


def train_tokenizer(texts: Sequence[str]) -> Any:
    """Byte-level BPE with BERT's special tokens."""
    return train_byte_tokenizer(
        texts,
        vocabulary=VOCABULARY,
        longest=POSITIONS,
        special_tokens=SPECIAL_TOKENS,
        begins_with_space=False,
        frame={"single": "[CLS] $A [SEP]"},
    )


def pool(task: Any) -> Sequence[Example]:
    """Each training text ``VARIANTS`` times, with other tokens masked."""
    return [{**example, "variant": variant} for example in task.train() for variant in range(VARIANTS)]


def baselines(task: Any) -> list[tuple[str, float]]:
    """Accuracy, mean over items: the most frequent token, and the one that most often follows the token before."""
    tokenizer = train_tokenizer([example["text"] for example in task.train()])
    single: Counter[int] = Counter()
    after: dict[int, Counter[int]] = {}
    for example in task.train():
        ids = tokenizer(example["text"], verbose=False)["input_ids"]
        single.update(ids[1:-1])
        for before, found in itertools.pairwise(ids[:-1]):
            after.setdefault(before, Counter())[found] += 1
    frequent = single.most_common(1)[0][0]
    following = {before: counts.most_common(1)[0][0] for before, counts in after.items()}
    alone, bigram = [], []
    for ids, labels in masked_items(task, tokenizer):
        places = (labels >= 0).nonzero().flatten().tolist()
        alone.append(sum(int(labels[at]) == frequent for at in places) / len(places))
        bigram.append(sum(int(labels[at]) == following.get(int(ids[at - 1]), frequent) for at in places) / len(places))
    return [
        ("most frequent token", sum(alone) / len(alone)),
        ("most frequent token after the one before", sum(bigram) / len(bigram)),
    ]


def masked_items(task: Any, tokenizer: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Ids with masks, and labels, of each test item."""
    from transformers import ModernBertConfig

    setup = Setup(
        task=task, model=_OnlyConfig(ModernBertConfig(max_position_embeddings=POSITIONS)), processor=tokenizer,
        batch_size=1, dtype="float32", device="cpu", phase="inference",
    )  # fmt: skip
    batches = [task.training_batch(setup, [example]) for example in task.test()]
    return [(batch["input_ids"][0], batch["labels"][0]) for batch in batches]


class _OnlyConfig:
    def __init__(self, config: Any) -> None:
        self.config = config


REFERENCE = Reference(
    name="modernbert_stdlib",
    task="masked_language_modelling",
    title="Masked Python source, a small ModernBERT",
    data=(
        "The source of the Python standard library (PSF License) of the interpreter that runs; tests, tables, optional "
        "and removed modules left out. Top-level modules are split by a hash of their name (seven tenths train, one "
        "tenth validation, two tenths test). An item is at most 384 bytes of which 15 % of the tokens are masked; at "
        "most 12 items a module."
    ),
    training=(
        f"Byte-level BPE of {VOCABULARY} entries, trained on the train split. Weights initialised with standard "
        "deviation 0.05."
    ),
    tag="fill-mask",
    recipe=Recipe(steps=1200, batch_size=16, learning_rate=3e-3, weight_decay=0.05, warmup_share=0.05, clip_norm=1.0),
    build=build,
    pool=pool,
    baselines=baselines,
)
