"""Draw a digit: images of a given class out of noise, by a diffusion model in a fixed number of steps.

Data: the digits of ``suite.data.digits``. A query is one image of a given class from its own noise, by DDIM (Song et
al. 2021, arXiv:2010.02502) without further randomness. An item that is scored is the label of a test image and noise
that the seed and that image decide, so that both arms draw from the same noise. Its score is 1 where a judge sees the
class in it, else 0. The judge is trained on the validation and test images: the generator has seen neither.

How good the judge is bounds the score. It says whether samples show their class, not whether they vary as real images
do: for that the model's card has a Fréchet distance.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.digits import digits
from suite.data.splits import Split
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.classification import Classification
from suite.scoring.image_shape import image_shape
from suite.scoring.judge import Judge
from suite.scoring.labels import label_numbers


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageGeneration(Classification):
    """Labels to images; the score of an item is 1 where the judge sees its label in the sample, else 0.

    Attributes:
        steps: of denoising, each one call of the model.
    """

    auto_class: ClassVar[str] = "AutoModel"
    processor_class: ClassVar[str] = "AutoImageProcessor"
    kind: ClassVar[Literal["image", "text"]] = "image"
    main_input: ClassVar[str] = "sample"
    reads: ClassVar[Reads | None] = "noise"
    class_logits: ClassVar[bool] = False

    steps: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.count("task.steps", self.steps, least=1)
        from suite.checkpoints.denoiser import register  # its import takes seconds, which readers of conf need not pay

        register()

    def embedded(self, split: Split) -> Sequence[Example]:
        """The digits of a split: to train on, and to say what is drawn."""
        return digits(split)

    def content(self, example: Example) -> bytes:
        """The image's pixels and its label."""
        return f"{example['label']} ".encode() + bytes(example["image"].tobytes())

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task. ``AutoModel`` loads models of any kind."""
        schedule = getattr(model.config, "scheduler", None)
        if getattr(model.config, "model_type", None) != "denoiser" or not isinstance(schedule, dict):
            remedy = "take model=unet_digits, or one of model_type denoiser"
            raise InputError(
                "the model must be a denoiser with a noise schedule", got=type(model).__name__, remedy=remedy
            )
        total = schedule.get("num_train_timesteps", 1000)
        if self.steps > total:
            what = f"task.steps must be at most the {total} steps of the model's noise schedule"
            raise InputError(what, got=self.steps, remedy="lower it")
        super().check_model(model, processor)

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """What the model gets at the first step: noise as ``sample``, ``timestep`` and ``class_labels``."""
        config = setup.model.config
        labels = self._random_labels(config, examples) if setup.processor is None else label_numbers(examples, config)
        drawn = [items.generator_for(self.seed, self.content(example)) for example in examples]
        noise = torch.stack([torch.randn(image_shape(config), generator=generator) for generator in drawn])
        first = int(sampler(config, self.steps).timesteps[0])
        return {
            "sample": noise.to(device=setup.device, dtype=setup.torch_dtype),
            "timestep": torch.full((len(examples),), first, device=setup.device),
            "class_labels": torch.tensor(labels, device=setup.device),
        }

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Real images with noise of a random strength, and that noise as ``labels``; drawn from torch's generator."""
        batch = self.batch(setup, examples)
        images = batch["sample"] if setup.processor is None else self.pixels(setup, examples).to(setup.device)
        schedule = sampler(setup.model.config, self.steps)
        noise = torch.randn(images.shape).to(images)
        strengths = torch.randint(schedule.config.num_train_timesteps, (len(examples),)).to(setup.device)
        noisy = schedule.add_noise(images.float(), noise.float(), strengths)
        return {**batch, "sample": noisy.to(setup.torch_dtype), "timestep": strengths, "labels": noise}

    def pixels(self, setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
        """Real images as the model would draw them (images, channels, height, width), in float32 on the CPU."""
        mode = "L" if setup.model.config.num_channels == 1 else "RGB"
        images = [example["image"].convert(mode) for example in examples]
        pixels: torch.Tensor = setup.processor(images=images, return_tensors="pt")["pixel_values"]
        return pixels

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Draws one image a query."""
        self.sampled(setup, batch)
        return None

    def sampled(self, setup: Setup, batch: Batch) -> torch.Tensor:
        """Images (batch, channels, height, width) between -1 and 1, out of the noise in ``batch``."""
        schedule = sampler(setup.model.config, self.steps)
        images = batch["sample"].float()  # what is kept between steps stays exact, whatever the model computes in
        for strength in schedule.timesteps.tolist():
            inputs = {**batch, "sample": images.to(batch["sample"].dtype)}
            inputs["timestep"] = torch.full_like(batch["timestep"], strength)
            images = schedule.step(setup.model(**inputs).logits.float(), strength, images).prev_sample
        return images

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Mean squared error of the predicted noise (Ho et al. 2020, arXiv:2006.11239, equation 14)."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        return torch.nn.functional.mse_loss(model(**inputs).logits.float(), batch["labels"].float())

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """See Task. A denoiser predicts noise, which has no classes.

        Raises:
            NotApplicable: always.
        """
        raise NotApplicable("a model that predicts noise has no logits of classes to learn from")

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """1.0 for each of ``examples`` whose label the judge sees in the sample, else 0.0.

        Raises:
            InputError: the model does not know a label.
            ImpossibleOutput: a sample is not finite.
            NotApplicable: the setup has no processor.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a processor cannot be scored")
        targets = label_numbers(examples, setup.model.config)
        answers = self.judge(setup).answers(self.samples_of(setup, examples))
        return [float(answer == target) for answer, target in zip(answers, targets, strict=True)]

    def samples_of(self, setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
        """One image for each of ``examples``, on the CPU."""
        drawn: list[torch.Tensor] = []
        with items.scoring(setup):
            for chosen in items.scored_batches(setup, examples):
                drawn.append(items.finite(self.sampled(setup, self.batch(setup, chosen))).cpu())
        return torch.cat(drawn)

    def judge(self, setup: Setup) -> Judge:
        """Trained on real images, as the model would draw them, that are not in the train split."""
        unseen = list(self.split("test"))
        if self.data is None or self.own(self.data).validation:
            unseen += self.split("validation")
        return Judge(self.pixels(setup, unseen), label_numbers(unseen, setup.model.config))


def sampler(config: Any, steps: int) -> Any:
    """A scheduler of ``diffusers`` with the model's noise schedule, set to ``steps`` steps."""
    from suite.checkpoints.denoiser import library

    made = library().DDIMScheduler(**config.scheduler)
    made.set_timesteps(steps)
    return made
