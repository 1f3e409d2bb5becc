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
from suite.reference.spec import Reference
from suite.toolkit.training.fit import Loss

VOCABULARY = 2048
POSITIONS = 160
VARIANTS = 4
"""Times that a training text comes with other tokens masked."""
SPECIAL_TOKENS = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}


def build(task: Any) -> tuple[Any, Any]:
    """A ModernBERT of 4 layers, 160 wide, all of them with global attention, and its own byte-level BPE tokenizer."""
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    tokenizer = train_tokenizer([example["text"] for example in task.train()])
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=160,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=256,
        max_position_embeddings=POSITIONS,
        layer_types=["full_attention"] * 4,
        initializer_range=0.05,  # the default 0.02 is too small for a width of 160
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )
    return ModernBertForMaskedLM(config), tokenizer


def train_tokenizer(texts: Sequence[str]) -> Any:
    """Byte-level BPE with BERT's special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS.values()),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **SPECIAL_TOKENS,
        model_max_length=POSITIONS,
        model_input_names=["input_ids", "attention_mask"],
    )


def loss(task: Any) -> Loss:
    """The task's own."""
    own: Loss = task.loss
    return own


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
    loss=loss,
    before_saving=lambda processor: None,
    baselines=baselines,
)
