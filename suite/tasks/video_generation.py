"""Make a video out of noise: energy only, as its models have random weights and no score is claimed.

A query is one video of ``frames`` frames of ``height`` x ``width`` pixels in ``steps`` steps of a diffusion transformer
with full attention over space and time, from noise and an encoded prompt that its number decides. What is measured are
the transformer's calls, nearly all of such a model's work; neither the prompt's encoder nor the decoder from latents to
pixels is run. Random weights cost what trained ones cost: no operation depends on their values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example, Task
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads
from suite.scoring.items import generator_for

ITEMS = 64
"""Videos of each split: a prompt and a noise of its own each."""
NOISIEST = 1000.0
"""The time step of pure noise."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoGeneration(Task):
    """Videos out of noise.

    Attributes:
        frames: of a video: 1, or so many more as the model takes together (5, 9, 13, … for strides of 4).
        height: in pixels, a multiple of the side of the model's patches.
        width: likewise.
        steps: of denoising.
        calls_per_step: calls of the model in a step: 2 with classifier-free guidance, 1 without.
        prompt_tokens: of the encoded prompt.
    """

    auto_class: ClassVar[str] = "AutoModel"
    processor_class: ClassVar[str] = "AutoTokenizer"
    reads: ClassVar[Reads | None] = "noise"
    class_logits: ClassVar[bool] = False

    frames: int
    height: int
    width: int
    steps: int
    calls_per_step: int
    prompt_tokens: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("frames", "height", "width", "steps", "calls_per_step", "prompt_tokens"):
            checks.count(f"task.{field}", getattr(self, field), least=1)
        if self.calls_per_step > 2:
            remedy = "give 2 with classifier-free guidance, 1 without"
            raise InputError("task.calls_per_step must be 1 or 2", got=self.calls_per_step, remedy=remedy)
        if self.data is not None:
            remedy = "leave task.data out: its videos are made from noise, and their energy does not depend on a prompt"
            raise InputError("video_generation takes no data", got=self.data, remedy=remedy)
        from suite.checkpoints.video_denoiser import register  # seconds of imports that readers of conf need not pay

        register()

    def train(self) -> Sequence[Example]:
        """See Task. Videos that are drawn as those of ``test`` are, from other noise."""
        return _numbered("train")

    def validation(self) -> Sequence[Example]:
        """See Task."""
        return _numbered("validation")

    def test(self) -> Sequence[Example]:
        """See Task."""
        return _numbered("test")[: self.max_scored]

    def queries(self) -> Sequence[Example]:
        """See Task."""
        return [{"text": f"query {number}"} for number in range(self.query_count)]

    def clusters(self) -> list[int] | None:
        """See Task."""
        return None

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task. ``AutoModel`` loads models of any kind."""
        config = model.config
        if getattr(config, "model_type", None) != "video_denoiser":
            remedy = "name a video denoiser, such as model=wan_tiny_random"
            raise InputError("the model makes no videos", got=type(model).__name__, remedy=remedy)
        _, patch_height, patch_width = config.transformer["patch_size"]
        for name, side in (("height", patch_height), ("width", patch_width)):
            multiple = config.pixel_stride * side
            if getattr(self, name) % multiple:
                remedy = f"give a multiple of {multiple}, as {multiple * (getattr(self, name) // multiple + 1)}"
                raise InputError(
                    f"task.{name} does not fit the model's patches", got=getattr(self, name), remedy=remedy
                )
        stride = config.frame_stride
        if (self.frames - 1) % stride:
            nearest = 1 + stride * (self.frames // stride)
            remedy = f"give 1 and a multiple of {stride}, as {nearest}"
            raise InputError(
                "task.frames does not fit the model, which takes them together", got=self.frames, remedy=remedy
            )

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """What the model gets at the first step: noise as ``hidden_states``, ``timestep`` and an encoded prompt."""
        config = setup.model.config
        shape = self._latent_shape(config)
        prompt = (self.prompt_tokens, config.transformer["text_dim"])
        drawn = [generator_for(self.seed, example["text"].encode()) for example in examples]
        rows = [(torch.randn(shape, generator=each), torch.randn(prompt, generator=each)) for each in drawn]
        noise, prompts = (torch.stack(each).to(setup.device, setup.torch_dtype) for each in zip(*rows, strict=True))
        times = torch.full((len(examples),), NOISIEST, device=setup.device)
        return {"hidden_states": noise, "timestep": times, "encoder_hidden_states": prompts}

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """A made-up video half way to noise, and as ``labels`` the velocity from the one to the other."""
        batch = self.batch(setup, examples)
        noise = batch["hidden_states"]
        video = noise.flip(0).roll(1, dims=-1)
        half = torch.full_like(batch["timestep"], NOISIEST / 2)
        return {**batch, "hidden_states": (noise + video) / 2, "timestep": half, "labels": noise - video}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Makes one video a query, by Euler steps along the predicted velocity (arXiv:2210.02747)."""
        video = batch["hidden_states"].float()  # what is kept between steps stays exact, whatever the model computes in
        for step in range(self.steps):
            time = torch.full_like(batch["timestep"], NOISIEST * (1 - step / self.steps))
            inputs = {**batch, "hidden_states": video.to(batch["hidden_states"].dtype), "timestep": time}
            for _ in range(self.calls_per_step):  # random weights: guided or not, the values mean nothing
                velocity = setup.model(**inputs).logits.float()
            video = video - velocity / self.steps
        return None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Mean squared error of the predicted velocity."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        return torch.nn.functional.mse_loss(model(**inputs).logits.float(), batch["labels"].float())

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """See Task. A denoiser predicts velocities, which have no classes.

        Raises:
            NotApplicable: always.
        """
        raise NotApplicable("a model that predicts velocities has no logits of classes to learn from")

    def evaluate(self, setup: Setup) -> list[float]:
        """See Task.

        Raises:
            NotApplicable: always.
        """
        raise NotApplicable("video generation is measured, not scored: its models have random weights")

    def _latent_shape(self, config: Any) -> tuple[int, int, int, int]:
        """Channels, frames, height and width of a latent video."""
        stride = config.pixel_stride
        frames = 1 + (self.frames - 1) // config.frame_stride
        return config.transformer["in_channels"], frames, self.height // stride, self.width // stride


def _numbered(split: str) -> list[Example]:
    return [{"text": f"{split} {number}"} for number in range(ITEMS)]
