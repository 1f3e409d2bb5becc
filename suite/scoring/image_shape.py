"""The size of images that a model is made for."""

from __future__ import annotations

from typing import Any

from suite.errors import InputError


def image_shape(config: Any) -> tuple[int, int, int]:
    """Channels, height and width of the images that the configuration is made for.

    Raises:
        InputError: it names no size.
    """
    size = getattr(config, "image_size", None)
    if size is None:
        raise InputError(
            "random images need a size, and the model's configuration names none",
            got=config.model_type,
            remedy="add image_size to model.architecture",
        )
    height, width = (size, size) if isinstance(size, int) else size
    return getattr(config, "num_channels", 3), height, width
