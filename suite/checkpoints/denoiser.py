"""A network that predicts the noise in an image, as a model of transformers: what is loaded, saved and quantised alike.

The network is the UNet of ``diffusers``. Its configuration holds the noise schedule as well, so that one folder is the
whole sampler: ``config.json``, ``model.safetensors`` and an image processor.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from suite.errors import NotApplicable


class DenoiserConfig(PreTrainedConfig):
    """Sizes of the UNet and its noise schedule.

    Attributes:
        image_size: height and width of the images in pixels.
        num_channels: 1 for grey, 3 for colour.
        unet: further arguments of ``diffusers.UNet2DModel``.
        scheduler: arguments of ``diffusers.DDIMScheduler``.
    """

    model_type = "denoiser"

    def __init__(
        self,
        image_size: int = 8,
        num_channels: int = 1,
        unet: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        self.image_size, self.num_channels = image_size, num_channels
        self.unet, self.scheduler = dict(unet or {}), dict(scheduler or {})
        super().__init__(**others)


class Denoiser(PreTrainedModel):
    """Predicts the noise in ``sample``, given how noisy it is and what it shows."""

    config_class = DenoiserConfig
    main_input_name = "sample"

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__(config)
        self.unet = library().UNet2DModel(
            sample_size=config.image_size,
            in_channels=config.num_channels,
            out_channels=config.num_channels,
            num_class_embeds=config.num_labels,
            **config.unet,
        )
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: torch.nn.Module) -> None:
        """The UNet's own layers have drawn theirs."""

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor, class_labels: torch.Tensor) -> ModelOutput:
        """``logits``: the predicted noise, in the shape of ``sample`` (batch, channels, height, width).

        Args:
            sample: noisy images.
            timestep: (batch,), 0 for the least noise.
            class_labels: (batch,), what the images show.
        """
        return ModelOutput(logits=self.unet(sample, timestep, class_labels=class_labels).sample)


def library() -> Any:
    """The ``diffusers`` package.

    Raises:
        NotApplicable: it is not installed.
    """
    try:
        import diffusers
    except ImportError as error:
        raise NotApplicable("diffusers is missing: pip install -e '.[diffusion]'") from error
    return diffusers


@functools.cache
def register() -> None:
    """Tells transformers' auto classes of the denoiser."""
    AutoConfig.register(DenoiserConfig.model_type, DenoiserConfig)
    AutoModel.register(DenoiserConfig, Denoiser)
