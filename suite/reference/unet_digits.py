"""A small diffusion model that draws the digits of scikit-learn."""

from __future__ import annotations

from typing import Any

import torch

from suite.core.recipe import Recipe
from suite.reference.spec import Reference
from suite.scoring.judge import frechet_distance


def build(task: Any) -> tuple[Any, Any]:
    """A UNet of two levels, 32 and 64 channels, with attention at 4 x 4."""
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    from suite.checkpoints.denoiser import Denoiser, DenoiserConfig

    names = [str(digit) for digit in range(10)]
    config = DenoiserConfig(
        image_size=8,
        num_channels=1,
        unet={
            "block_out_channels": [32, 64],
            "layers_per_block": 1,
            "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
            "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
            "attention_head_dim": 16,
            "norm_num_groups": 8,
        },
        scheduler={
            "num_train_timesteps": 1000,
            "beta_schedule": "squaredcos_cap_v2",
            "prediction_type": "epsilon",
            "clip_sample": True,
        },
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    processor = ViTImageProcessorPil(do_resize=True, size={"height": 8, "width": 8}, image_mean=[0.5], image_std=[0.5])
    return Denoiser(config), processor


def baselines(task: Any) -> list[tuple[str, float]]:
    """What a model scores that draws the same digit always."""
    return [("the most frequent digit, whatever is asked for", task.chance_score())]


def ceilings(task: Any) -> list[tuple[str, float]]:
    """What the training images themselves score."""
    setup = _real(task)
    judge, train = task.judge(setup), task.train()
    right = [
        answer == one["label"] for answer, one in zip(judge.answers(task.pixels(setup, train)), train, strict=True)
    ]
    return [(f"no model: the {len(train):,} real training images, by the same judge", sum(right) / len(right))]


def figures(task: Any, setup: Any) -> list[tuple[str, str]]:
    """How far the samples lie from real images."""
    test = task.test()
    judge = task.judge(setup)
    real = judge.features(task.pixels(setup, task.train()))
    drawn = judge.features(task.samples_of(setup, test))
    unseen = judge.features(task.pixels(setup, test))
    noise = judge.features(torch.randn((len(test), 1, 8, 8), generator=torch.Generator().manual_seed(0)).clamp(-1, 1))
    against = f"to the {len(real):,} training images, in the judge's {real.shape[1]} decision values"
    return [
        (f"Fréchet distance of {len(drawn)} samples {against}", f"{frechet_distance(drawn, real):.3f}"),
        (
            f"the same of the {len(unseen)} real test images, which the judge has seen",
            f"{frechet_distance(unseen, real):.3f}",
        ),
        (f"the same of {len(noise)} images of noise", f"{frechet_distance(noise, real):.3f}"),
    ]


def _real(task: Any) -> Any:
    """A setup of an untrained model, for its processor."""
    from suite.reference.training import setup_for

    return setup_for(task, *build(task))


REFERENCE = Reference(
    name="unet_digits",
    task="image_generation",
    title="Hand-written digits drawn, a small UNet",
    data=(
        "The 1,797 images of the test part of *Optical Recognition of Handwritten Digits* (E. Alpaydin and C. Kaynak, "
        "UCI Machine Learning Repository, doi:10.24432/C50P49, CC BY 4.0), as `sklearn.datasets.load_digits` ships "
        "them. Split in the file's order: 1,147 train, 200 validation, the last 450 test. The model is trained on the "
        "first; the judge, a support vector machine on pixels, on the other two."
    ),
    training=(
        "Noise prediction of DDPM (arXiv:2006.11239) given the digit, 1,000 steps of noise on the squared-cosine "
        "schedule. Samples are drawn in 20 DDIM steps."
    ),
    tag="unconditional-image-generation",
    recipe=Recipe(steps=450, batch_size=32, learning_rate=2e-3, weight_decay=0.0, warmup_share=0.05, clip_norm=1.0),
    build=build,
    baselines=baselines,
    ceilings=ceilings,
    figures=figures,
)
