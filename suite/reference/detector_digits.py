"""A small detector of digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.core.recipe import Recipe
from suite.core.task import Example
from suite.data.digit_scenes import SIDE
from suite.data.digits import digits
from suite.reference.spec import Reference
from suite.scoring.detections import Found, f1, mean_average_precision
from suite.toolkit.training.fit import Loss

WIDTH = 64
NOT_DARK = 24
"""Of 255: what the baselines take for part of a digit."""
LEAST_CONFIDENCE = 0.01
"""What an average precision takes into account."""


def build(task: Any) -> tuple[Any, Any]:
    """An RT-DETR (arXiv:2304.08069): a ResNet of 4 stages, one encoder and two decoder layers, 12 queries."""
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig
    from transformers.models.rt_detr.image_processing_pil_rt_detr import RTDetrImageProcessorPil

    names = [str(digit) for digit in range(10)]
    backbone = RTDetrResNetConfig(
        num_channels=1,
        embedding_size=16,
        hidden_sizes=[16, 32, 64, 96],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = RTDetrConfig(
        backbone_config=backbone,
        num_channels=1,
        image_size=SIDE,
        encoder_hidden_dim=WIDTH,
        encoder_in_channels=[32, 64, 96],
        feat_strides=[8, 16, 32],
        encoder_ffn_dim=128,
        encoder_attention_heads=4,
        d_model=WIDTH,
        decoder_in_channels=[WIDTH] * 3,
        decoder_ffn_dim=128,
        decoder_layers=2,
        decoder_attention_heads=4,
        num_queries=12,
        num_denoising=0,
        hidden_expansion=0.5,
        freeze_backbone_batch_norms=False,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    processor = RTDetrImageProcessorPil(
        do_resize=True,
        size={"height": SIDE, "width": SIDE},
        do_normalize=True,
        image_mean=[0.15],
        image_std=[0.3],
    )
    return RTDetrForObjectDetection(config), processor


def pool(task: Any) -> Sequence[Example]:
    """The train split as it is."""
    split: Sequence[Example] = task.train()
    return split


def loss(task: Any) -> Loss:
    """The task's own."""
    own: Loss = task.loss
    return own


def baselines(task: Any) -> list[tuple[str, float]]:
    """Bright areas taken for objects, with the most frequent digit, and with that of the nearest training images."""
    from sklearn.neighbors import KNeighborsClassifier

    train = digits("train")
    classifier = KNeighborsClassifier(3).fit([_pixels(one["image"]) for one in train], [one["label"] for one in train])
    usual, read = [], []
    for example in task.test():
        real = [
            Found(int(box.label), (box.left, box.top, box.left + box.width, box.top + box.height), 1.0)
            for box in example["label"]
        ]
        areas = bright_areas(example["image"])
        labels = classifier.predict([_pixels(example["image"].crop(area)) for area in areas]) if areas else []
        usual.append(f1([Found(3, area, 1.0) for area in areas], real, least_overlap=task.least_overlap))
        answers = [Found(int(label), area, 1.0) for label, area in zip(labels, areas, strict=True)]
        read.append(f1(answers, real, least_overlap=task.least_overlap))
    return [
        ("each bright area is an object, and a three", float(np.mean(usual))),
        ("each bright area is an object, its class by 3 nearest neighbours", float(np.mean(read))),
    ]


def bright_areas(image: Any) -> list[tuple[int, int, int, int]]:
    """Corners of the squares around the areas that are not dark."""
    from scipy import ndimage

    areas, _ = ndimage.label(np.asarray(image) > NOT_DARK, structure=np.ones((3, 3)))
    found = []
    for down, across in ndimage.find_objects(areas):
        side = max(down.stop - down.start, across.stop - across.start)
        left = max(0, (across.start + across.stop - side) // 2)
        top = max(0, (down.start + down.stop - side) // 2)
        found.append((left, top, left + side, top + side))
    return found


def figures(task: Any, setup: Any) -> list[tuple[str, str]]:
    """COCO's mean average precision on the test split."""
    test = task.test()
    found = task.found(setup, test, least_confidence=LEAST_CONFIDENCE)
    value = mean_average_precision(found, task.real(setup, test))
    return [("mean average precision (COCO, overlaps from 0.50 to 0.95) on the same images", f"{value:.3f}")]


def _pixels(image: Any) -> Any:
    return np.asarray(image.resize((8, 8)), dtype=np.float64).ravel() / 255


REFERENCE = Reference(
    name="detector_digits",
    task="object_detection",
    title="Digits found on a canvas, a small RT-DETR",
    data=(
        "One to four digits of 12 to 22 pixels on a canvas of 64 x 64, composed of the 1,797 images of the test part "
        "of *Optical Recognition of Handwritten Digits* (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, "
        "doi:10.24432/C50P49, CC BY 4.0), as `sklearn.datasets.load_digits` ships them. Digits are split in the file's "
        "order: 1,147 train, 200 validation, the last 450 test; a scene has digits of one split alone."
    ),
    training="Objects are matched to answers by the model's own loss.",
    tag="object-detection",
    recipe=Recipe(steps=2400, batch_size=16, learning_rate=2e-3, weight_decay=1e-4, warmup_share=0.05, clip_norm=1.0),
    build=build,
    pool=pool,
    loss=loss,
    before_saving=lambda processor: None,
    baselines=baselines,
    figures=figures,
)
