"""A small vision transformer that reads the digits of scikit-learn."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from suite.core.recipe import Recipe
from suite.core.task import Batch, Example
from suite.reference.spec import Reference
from suite.toolkit.training.fit import Loss

VARIANTS = 20
"""Distorted copies of each training image; 1,147 images alone are learned by heart."""
LABEL_SMOOTHING = 0.05


def build(task: Any) -> tuple[Any, Any]:
    """A ViT of 4 layers, 192 wide, on 16 patches of 2 x 2."""
    from transformers import ViTConfig, ViTForImageClassification
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    names = [str(digit) for digit in range(10)]
    config = ViTConfig(
        hidden_size=192,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=768,
        image_size=8,
        patch_size=2,
        num_channels=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.07,  # the default 0.02 is far too small for a width of 192
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    processor = ViTImageProcessorPil(
        do_resize=True, size={"height": 8, "width": 8}, image_mean=[0.3], image_std=[0.375]
    )
    return ViTForImageClassification(config), processor


def pool(task: Any) -> Sequence[Example]:
    """Each training image turned, scaled and shifted at random ``VARIANTS`` times."""
    generator = random.Random(0)
    return [
        {"image": distorted(example["image"], generator), "label": example["label"]}
        for example in task.train()
        for _ in range(VARIANTS)
    ]


def distorted(image: Image.Image, generator: random.Random) -> Image.Image:
    """``image`` turned by up to 12 degrees, scaled by up to 10 % and shifted by up to one pixel."""
    angle = np.deg2rad(generator.uniform(-12, 12))
    scale = 1 / generator.uniform(0.9, 1.1)
    shift_x, shift_y = generator.uniform(-1, 1), generator.uniform(-1, 1)
    cosine, sine, middle = np.cos(angle) * scale, np.sin(angle) * scale, (image.width - 1) / 2
    matrix = (
        cosine,
        sine,
        middle - cosine * (middle + shift_x) - sine * (middle + shift_y),
        -sine,
        cosine,
        middle + sine * (middle + shift_x) - cosine * (middle + shift_y),
    )
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def loss(task: Any) -> Loss:
    """Cross-entropy with label smoothing (Szegedy et al. 2016, arXiv:1512.00567)."""

    def smoothed(model: Any, batch: Batch) -> torch.Tensor:
        logits, targets = task.logits(model, batch)
        return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=LABEL_SMOOTHING)

    return smoothed


def baselines(task: Any) -> list[tuple[str, float]]:
    """Most frequent label, logistic regression and nearest neighbours on pixels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    pixels, labels = _arrays(task.train())
    test_pixels, test_labels = _arrays(task.test())
    frequent = Counter(labels.tolist()).most_common(1)[0][0]
    return [
        ("most frequent training label", float(np.mean(test_labels == frequent))),
        (
            "logistic regression on pixels",
            LogisticRegression(max_iter=2000).fit(pixels, labels).score(test_pixels, test_labels),
        ),
        ("3 nearest neighbours on pixels", KNeighborsClassifier(3).fit(pixels, labels).score(test_pixels, test_labels)),
    ]


def _arrays(examples: Sequence[Example]) -> tuple[Any, Any]:
    pixels = np.stack([np.asarray(example["image"], dtype=np.float64).ravel() / 255 for example in examples])
    return pixels, np.array([example["label"] for example in examples])


REFERENCE = Reference(
    name="vit_digits",
    task="image_classification",
    title="Hand-written digits, a small ViT",
    data=(
        "The 1,797 images of the test part of *Optical Recognition of Handwritten Digits* (E. Alpaydin and C. Kaynak, "
        "UCI Machine Learning Repository, doi:10.24432/C50P49, CC BY 4.0), as `sklearn.datasets.load_digits` ships "
        "them. Split in the file's order: 1,147 train, 200 validation, the last 450 test."
    ),
    training=(
        f"Each training image is turned (12 degrees), scaled (10 %) and shifted (1 pixel) at random {VARIANTS} times; "
        f"label smoothing {LABEL_SMOOTHING}; weights initialised with standard deviation 0.07."
    ),
    tag="image-classification",
    recipe=Recipe(steps=1200, batch_size=64, learning_rate=1.5e-3, weight_decay=0.05, warmup_share=0.05, clip_norm=1.0),
    build=build,
    pool=pool,
    loss=loss,
    baselines=baselines,
)
