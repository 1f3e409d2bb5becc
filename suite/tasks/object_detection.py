"""Which digits are where: digits of several sizes on a dark canvas.

Data: see ``suite.data.digit_scenes``. A query is one image. The score of an item is the F1 of its objects: one that is
found counts where its class is right and its box overlaps the real one by half (intersection over union).
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.digit_scenes import scenes
from suite.data.examples import Kind
from suite.data.splits import Split
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.detections import Found, f1
from suite.scoring.image_shape import image_shape
from suite.scoring.labels import label_numbers
from suite.scoring.pictures import Pictures

NOTHING = -1
"""Class of places in a training batch that hold no object."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectDetection(Pictures):
    """Images with objects in boxes.

    Attributes:
        least_confidence: of what counts as found.
        least_overlap: intersection over union of a box that counts as right.
    """

    auto_class: ClassVar[str] = "AutoModelForObjectDetection"
    processor_class: ClassVar[str] = "AutoImageProcessor"
    kind: ClassVar[Kind] = "boxes"
    reads: ClassVar[Reads | None] = "image"
    class_logits: ClassVar[bool] = False
    logits_alone: ClassVar[bool] = False

    least_confidence: float
    least_overlap: float

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.open_share("task.least_confidence", self.least_confidence)
        checks.open_share("task.least_overlap", self.least_overlap)

    def embedded(self, split: Split) -> Sequence[Example]:
        """Scenes of digits."""
        return scenes(split)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task. Without a processor it gets noise of the size that its configuration names."""
        if processor is None:
            image_shape(model.config)
            return
        if not hasattr(processor, "post_process_object_detection"):
            remedy = "save the detector's own image processor with it"
            raise InputError("the model's processor reads no boxes", got=type(processor).__name__, remedy=remedy)
        if not any(example["label"] for example in self.split("test")):
            raise InputError("no image of the test split has an object", got=self.data, remedy="give some that have")
        try:
            self._numbers(model.config, self.labelled())
        except InputError as error:
            if self.data is not None:
                raise
            remedy = "give images with the model's own labels: task.data=FILE"
            raise InputError(
                "the embedded data has digits, which the model does not know", got=error.got, remedy=remedy
            ) from error

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``pixel_values`` (batch, channels, height, width), and ``pixel_mask`` where the model takes one."""
        if setup.processor is None:
            pixels = self.noise(examples, image_shape(setup.model.config))
            return {"pixel_values": pixels.to(device=setup.device, dtype=setup.torch_dtype)}
        images = self.images(setup, examples, setup.model.config)
        return self._inputs(setup, setup.processor(images=images, return_tensors="pt"))

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Inputs, and the objects of each image: ``class_labels`` (batch, most) and ``boxes`` (batch, most, 4).

        Boxes are centre and size as shares of the input; ``class_labels`` is NOTHING behind the last object.
        """
        if setup.processor is None:
            labels = torch.zeros((len(examples), 1), dtype=torch.long, device=setup.device)
            boxes = torch.full((len(examples), 1, 4), 0.5, device=setup.device)
            return {**self.batch(setup, examples), "class_labels": labels, "boxes": boxes}
        images = self.images(setup, examples, setup.model.config)
        numbers = self._numbers(setup.model.config, examples)
        annotations = [_coco(example, row) for example, row in zip(examples, numbers, strict=True)]
        made = setup.processor(images=images, annotations=annotations, return_tensors="pt")
        objects = [(each["class_labels"], each["boxes"]) for each in made["labels"]]
        most = max(1, *(len(labels) for labels, _ in objects))
        class_labels = torch.full((len(examples), most), NOTHING, device=setup.device)
        boxes = torch.zeros((len(examples), most, 4), device=setup.device)
        for place, (labels, found) in enumerate(objects):
            class_labels[place, : len(labels)] = torch.as_tensor(labels)
            boxes[place, : len(labels)] = torch.as_tensor(found)
        return {**self._inputs(setup, made), "class_labels": class_labels, "boxes": boxes}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """See Task."""
        setup.model(**batch)
        return None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """The model's own: objects are matched to its answers, then classes and boxes compared."""
        inputs = {name: tensor for name, tensor in batch.items() if name not in ("class_labels", "boxes")}
        labels = [
            {"class_labels": numbers[numbers != NOTHING], "boxes": boxes[numbers != NOTHING]}
            for numbers, boxes in zip(batch["class_labels"], batch["boxes"], strict=True)
        ]
        found: torch.Tensor = model(**inputs, labels=labels).loss
        return found

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """See Task. Which answer stands for which object is only decided by matching.

        Raises:
            NotApplicable: always.
        """
        raise NotApplicable("a detector's answers have no order, so there are no targets to learn each of them from")

    def evaluate(self, setup: Setup) -> list[float]:
        """F1 of each test image."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """F1 of the objects of each of ``examples``.

        Raises:
            InputError: the model does not know a label.
            ImpossibleOutput: its logits are not finite.
            NotApplicable: the setup has no processor.
        """
        found = self.found(setup, examples, least_confidence=self.least_confidence)
        real = self.real(setup, examples)
        return [f1(said, there, least_overlap=self.least_overlap) for said, there in zip(found, real, strict=True)]

    def found(self, setup: Setup, examples: Sequence[Example], *, least_confidence: float) -> list[list[Found]]:
        """What the setup sees on each image with at least that confidence; errors as ``score``."""
        if setup.processor is None:
            raise NotApplicable("a model without a processor cannot be scored")
        answers: list[list[Found]] = []
        with items.scoring(setup):
            for chosen in _scored_batches(setup, examples):
                outputs = setup.model(**self.batch(setup, chosen))
                outputs.logits, outputs.pred_boxes = items.finite(outputs.logits), items.finite(outputs.pred_boxes)
                sizes = [(example["image"].height, example["image"].width) for example in chosen]
                read = setup.processor.post_process_object_detection(
                    outputs, threshold=least_confidence, target_sizes=sizes
                )
                answers.extend(_found(image) for image in read)
        return answers

    def real(self, setup: Setup, examples: Sequence[Example]) -> list[list[Found]]:
        """What is on each image, classes by the model's numbers."""
        return [
            [
                Found(number, (box.left, box.top, box.left + box.width, box.top + box.height), 1.0)
                for number, box in zip(numbers, example["label"], strict=True)
            ]
            for numbers, example in zip(self._numbers(setup.model.config, examples), examples, strict=True)
        ]

    def _numbers(self, config: Any, examples: Sequence[Example]) -> list[list[int]]:
        """The model's number of each object's class, by image."""
        numbers = iter(label_numbers(({"label": box.label} for one in examples for box in one["label"]), config))
        return [[next(numbers) for _ in one["label"]] for one in examples]

    def _inputs(self, setup: Setup, made: Any) -> Batch:
        pixels = made["pixel_values"].to(device=setup.device, dtype=setup.torch_dtype)
        if _takes_mask(setup) and "pixel_mask" in made:
            return {"pixel_values": pixels, "pixel_mask": made["pixel_mask"].to(setup.device)}
        return {"pixel_values": pixels}


def _takes_mask(setup: Setup) -> bool:
    """Whether the model is told what of its input is padding."""
    return "pixel_mask" in inspect.signature(getattr(setup.model, "forward", setup.model)).parameters


def _scored_batches(setup: Setup, examples: Sequence[Example]) -> Iterator[Sequence[Example]]:
    """Batches to score; without padding where the model could not tell it from the image, and place boxes by it."""
    for chosen in items.scored_batches(setup, examples):
        if _takes_mask(setup):
            yield chosen
        else:
            yield from (
                list(alike) for _, alike in itertools.groupby(chosen, key=lambda example: example["image"].size)
            )


def _coco(example: Example, numbers: Sequence[int]) -> dict[str, Any]:
    """An image's objects in the form that image processors read."""
    return {
        "image_id": 0,
        "annotations": [
            {"bbox": list(box[:4]), "category_id": number, "area": box.width * box.height, "iscrowd": 0}
            for box, number in zip(example["label"], numbers, strict=True)
        ],
    }


def _found(image: Any) -> list[Found]:
    boxes = (tuple(box) for box in image["boxes"].tolist())
    each = zip(image["labels"].tolist(), boxes, image["scores"].tolist(), strict=True)
    return [Found(number, (box[0], box[1], box[2], box[3]), confidence) for number, box, confidence in each]
