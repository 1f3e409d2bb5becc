"""A small encoder-decoder that reads rows of digits aloud."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from suite.core.recipe import Recipe
from suite.core.task import Example
from suite.data.digit_rows import MOST, SIDE, WORDS, row, some
from suite.data.digits import digits
from suite.reference.spec import Reference
from suite.reference.vit_digits import distorted

PAD, START, END = "<pad>", "<start>", "<end>"
POOL_ROWS = 12_000


def build(task: Any) -> tuple[Any, Any]:
    """A ViT of 3 layers on patches of 4 x 4 and a GPT-2 of 2 layers with cross-attention, both 112 wide."""
    from transformers import (
        GPT2Config,
        TrOCRProcessor,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
    )
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    tokenizer = make_tokenizer()
    encoder = ViTConfig(
        hidden_size=112,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=336,
        image_size=[SIDE, SIDE * MOST],
        patch_size=4,
        num_channels=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.1,  # the default 0.02 is far too small for a width of 112
    )
    special: dict[str, Any] = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    decoder = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=32,
        n_embd=112,
        n_layer=2,
        n_head=4,
        n_inner=336,
        add_cross_attention=True,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        initializer_range=0.1,
        **special,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        encoder, decoder, decoder_start_token_id=1, **special
    )
    images = ViTImageProcessorPil(
        do_resize=True, size={"height": SIDE, "width": SIDE * MOST}, image_mean=[0.3], image_std=[0.375]
    )
    return VisionEncoderDecoderModel(config), TrOCRProcessor(images, tokenizer)


def make_tokenizer() -> Any:
    """One token a word."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate((PAD, START, END, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=PAD))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=START, eos_token=END, pad_token=PAD)


def pool(task: Any) -> Sequence[Example]:
    """Rows of training digits, each turned, scaled and shifted at random."""
    drawn, found = random.Random(0), digits("train")
    chosen = [some(found, drawn) for _ in range(POOL_ROWS)]
    return [row([{**one, "image": distorted(one["image"], drawn)} for one in some_row]) for some_row in chosen]


def baselines(task: Any) -> list[tuple[str, float]]:
    """The most frequent caption; nearest neighbours on each digit's pixels, told where the digits are."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    pixels = np.stack([np.asarray(one["image"], dtype=np.float64).ravel() for one in digits("train")]) / 255
    labels = [one["label"] for one in digits("train")]
    found = [("most frequent caption", task.chance_score())]
    for name, classifier in (
        ("logistic regression on the pixels of each digit, told where they are", LogisticRegression(max_iter=2000)),
        ("3 nearest neighbours of each digit, told where they are", KNeighborsClassifier(3)),
    ):
        classifier.fit(pixels, labels)
        right = 0
        for example in task.test():
            image, words = np.asarray(example["image"], dtype=np.float64) / 255, example["label"].split()
            cut = [image[:, SIDE * place : SIDE * (place + 1)].ravel() for place in range(len(words))]
            right += [WORDS[label] for label in classifier.predict(cut)] == words
        found.append((name, right / len(task.test())))
    return found


REFERENCE = Reference(
    name="encoder_decoder_rows",
    task="image_captioning",
    title="Rows of digits read aloud, a small encoder-decoder",
    data=(
        "Two to five digits side by side, in words, composed of the 1,797 images of the test part of *Optical "
        "Recognition of Handwritten Digits* (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, "
        "doi:10.24432/C50P49, CC BY 4.0), as `sklearn.datasets.load_digits` ships them. Digits are split in the file's "
        "order: 1,147 train, 200 validation, the last 450 test; a row has digits of one split alone."
    ),
    training=(
        f"{POOL_ROWS:,} rows, of digits that are turned (12 degrees), scaled (10 %) and shifted (1 pixel) at random; "
        "weights initialised with standard deviation 0.1."
    ),
    tag="image-to-text",
    recipe=Recipe(steps=1600, batch_size=32, learning_rate=1.5e-3, weight_decay=0.01, warmup_share=0.05, clip_norm=1.0),
    build=build,
    pool=pool,
    baselines=baselines,
)
