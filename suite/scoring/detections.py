"""What a detector says of an image against what is there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from suite.errors import NotApplicable

Corners = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""


class Found(NamedTuple):
    """An object: of which class, where, and how sure the detector is (1 for what is really there)."""

    number: int
    corners: Corners
    confidence: float


def f1(found: Sequence[Found], real: Sequence[Found], *, least_overlap: float) -> float:
    """Harmonic mean of precision and recall of an image's objects; 1 where nothing is there and nothing was found.

    Args:
        found: each is matched, the surest first, to the real object of its class that it overlaps most.
        real: each is matched once.
        least_overlap: intersection over union of a match, at least.
    """
    if not found and not real:
        return 1.0
    left = list(real)
    for one in sorted(found, key=lambda each: -each.confidence):
        same = [each for each in left if each.number == one.number]
        best = max(same, key=lambda each: overlap(each.corners, one.corners), default=None)
        if best is not None and overlap(best.corners, one.corners) >= least_overlap:
            left.remove(best)
    return 2 * (len(real) - len(left)) / (len(found) + len(real))


def overlap(first: Corners, second: Corners) -> float:
    """Intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    union = _area(first) + _area(second) - width * height
    return width * height / union


def mean_average_precision(found: Sequence[Sequence[Found]], real: Sequence[Sequence[Found]]) -> float:
    """COCO's mAP: of all classes, over overlaps from 0.50 to 0.95.

    Args:
        found: of each image, all that the detector says, however unsure.
        real: of each image.

    Raises:
        NotApplicable: pycocotools is not installed.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise NotApplicable("pycocotools is missing: pip install -e '.[detection]'") from error
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        truth = COCO()
        truth.dataset = _dataset(real)
        truth.createIndex()
        answers = [{**one, "score": one.pop("confidence")} for one in _annotations(found)]
        if not answers:
            return 0.0
        evaluation = COCOeval(truth, truth.loadRes(answers), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def _dataset(real: Sequence[Sequence[Found]]) -> dict[str, Any]:
    numbers = sorted({one.number for image in real for one in image})
    return {
        "info": {},
        "images": [{"id": place} for place in range(len(real))],
        "categories": [{"id": number} for number in numbers],
        "annotations": [{**one, "id": place, "iscrowd": 0} for place, one in enumerate(_annotations(real), 1)],
    }


def _annotations(images: Sequence[Sequence[Found]]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": place,
            "category_id": one.number,
            "bbox": [*one.corners[:2], one.corners[2] - one.corners[0], one.corners[3] - one.corners[1]],
            "area": _area(one.corners),
            "confidence": one.confidence,
        }
        for place, image in enumerate(images)
        for one in image
    ]


def _area(corners: Corners) -> float:
    return (corners[2] - corners[0]) * (corners[3] - corners[1])
