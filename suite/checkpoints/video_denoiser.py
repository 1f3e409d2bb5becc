"""A transformer that denoises videos, as a model of transformers: what is made, counted and quantised alike.

The network is Wan's (arXiv:2503.20314), as ``diffusers`` has it: full attention over all patches of all frames.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from suite.checkpoints.denoiser import library


class VideoDenoiserConfig(PreTrainedConfig):
    """Sizes of the transformer and of what an autoencoder would make of a video.

    Attributes:
        transformer: arguments of ``diffusers.WanTransformer3DModel``.
        frame_stride: frames of a video that become one latent frame; its first frame is one by itself.
        pixel_stride: pixels of a side that become one latent pixel.
    """

    model_type = "video_denoiser"

    def __init__(
        self,
        transformer: dict[str, Any] | None = None,
        frame_stride: int = 4,
        pixel_stride: int = 8,
        **others: Any,
    ) -> None:
        self.transformer = dict(transformer or {})
        self.frame_stride, self.pixel_stride = frame_stride, pixel_stride
        super().__init__(**others)


class VideoDenoiser(PreTrainedModel):
    """Predicts the velocity from video to noise, given how noisy it is and what it shall show."""

    config_class = VideoDenoiserConfig
    main_input_name = "hidden_states"

    def __init__(self, config: VideoDenoiserConfig) -> None:
        super().__init__(config)
        self.transformer = library().WanTransformer3DModel(**config.transformer)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: torch.nn.Module) -> None:
        """The transformer's own layers have drawn theirs."""

    def forward(
        self, hidden_states: torch.Tensor, timestep: torch.Tensor, encoder_hidden_states: torch.Tensor
    ) -> ModelOutput:
        """``logits``: the velocity, in the shape of ``hidden_states``.

        Args:
            hidden_states: noisy latent video (batch, channels, frames, height, width).
            timestep: (batch,), 0 for no noise, 1000 for nothing else.
            encoder_hidden_states: the encoded prompt (batch, tokens, width).
        """
        predicted = self.transformer(
            hidden_states=hidden_states, timestep=timestep, encoder_hidden_states=encoder_hidden_states
        )
        return ModelOutput(logits=predicted.sample)


@functools.cache
def register() -> None:
    """Tells transformers' auto classes of the video denoiser."""
    AutoConfig.register(VideoDenoiserConfig.model_type, VideoDenoiserConfig)
    AutoModel.register(VideoDenoiserConfig, VideoDenoiser)
