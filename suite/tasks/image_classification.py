"""Which digit is it: 1,797 scanned hand-written digits, 8 x 8 pixels, 16 shades of grey.

Data: see ``suite.data.digits``: 1,147 train, 200 validation, 450 test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.digits import DIGITS, digits
from suite.data.splits import Split
from suite.errors import InputError
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.classification import Classification
from suite.scoring.image_shape import image_shape
from suite.scoring.labels import Classes, classes_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageClassification(Classification):
    """Images with one label each; the score of an item is 1 for the right label, else 0."""

    auto_class: ClassVar[str] = "AutoModelForImageClassification"
    processor_class: ClassVar[str] = "AutoImageProcessor"
    kind: ClassVar[Literal["image", "text"]] = "image"
    main_input: ClassVar[str] = "pixel_values"
    reads: ClassVar[Reads | None] = "image"

    def embedded(self, split: Split) -> Sequence[Example]:
        """The digits of a split, as grey PIL images of 8 x 8."""
        return digits(split)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task. A model of other labels would be scored on digits that it never learned."""
        if processor is None:
            image_shape(model.config)
        elif self.data is None:
            self._check_digits(classes_of(model.config))
        super().check_model(model, processor)

    def _check_digits(self, classes: Classes) -> None:
        names = {str(digit) for digit in range(DIGITS)}
        if len(classes.names) == DIGITS and (classes.are_made_up or set(classes.names) == names):
            return
        raise InputError(
            f"the embedded data needs a model of {DIGITS} labels, the digits",
            got=list(classes.names[:DIGITS]) if len(classes.names) == DIGITS else len(classes.names),
            remedy="give images with the model's own labels: task.data=FILE_OR_FOLDER",
        )

    def content(self, example: Example) -> bytes:
        """The image's pixels."""
        pixels: bytes = example["image"].tobytes()
        return pixels

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``pixel_values`` (batch, channels, height, width); standard normal ones where there is no processor."""
        if setup.processor is None:
            shape = image_shape(setup.model.config)
            drawn = [items.generator_for(self.seed, self.content(example)) for example in examples]
            noise = torch.stack([torch.randn(shape, generator=generator) for generator in drawn])
            return {"pixel_values": noise.to(device=setup.device, dtype=setup.torch_dtype)}
        mode = "L" if getattr(setup.model.config, "num_channels", 3) == 1 else "RGB"
        images = [example["image"].convert(mode) for example in examples]
        pixels = setup.processor(images=images, return_tensors="pt")["pixel_values"]
        return {"pixel_values": pixels.to(device=setup.device, dtype=setup.torch_dtype)}
