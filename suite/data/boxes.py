"""Rows of a table to images with objects in boxes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from suite.data.labels import Label, label_of
from suite.data.readers import Row
from suite.errors import InputError


class Box(NamedTuple):
    """An object and where it is, in pixels.

    Attributes:
        left: of its left edge from the image's.
        top: of its upper edge from the image's.
        width: above 0.
        height: above 0.
        label: what it is.
    """

    left: float
    top: float
    width: float
    height: float
    label: Label


def boxes_of(row: Row) -> tuple[Box, ...]:
    """The objects of a row: ``boxes`` and ``labels``, or ``objects`` with ``bbox`` and ``category``, as COCO has them.

    Raises:
        InputError: the row has none of them, or they do not fit each other.
    """
    boxes, labels = _columns(row)
    if len(boxes) != len(labels):
        what = f"there are {len(boxes)} boxes and {len(labels)} labels ({row.place})"
        raise InputError(what, got=list(labels), remedy="give one label a box")
    return tuple(_box(box, label, row.place) for box, label in zip(boxes, labels, strict=True))


def check_inside(boxes: Sequence[Box], size: tuple[int, int], place: str) -> None:
    """Raises InputError where a box reaches beyond an image of ``size`` (width, height)."""
    for box in boxes:
        # Half a pixel: some annotators write the middle of the last pixel, others its edge.
        is_beyond = box.left + box.width > size[0] + 0.5 or box.top + box.height > size[1] + 0.5
        if is_beyond or box.left >= size[0] or box.top >= size[1]:
            what = f"a box reaches beyond its image of {size[0]} x {size[1]} pixels ({place})"
            raise InputError(what, got=list(box[:4]), remedy="give left, top, width and height in pixels")


def _columns(row: Row) -> tuple[Sequence[Any], Sequence[Any]]:
    values = row.values
    if isinstance(values.get("objects"), Mapping):
        values = values["objects"]
    boxes = values.get("boxes", values.get("bbox"))
    labels = values.get("labels", values.get("category", values.get("label")))
    for name, found in (("boxes", boxes), ("labels", labels)):
        if not isinstance(found, list | tuple):
            remedy = 'write {"image": FILE, "boxes": [[left, top, width, height], …], "labels": ["cat", …]}'
            raise InputError(f"the row has no list of {name} ({row.place})", got=found, remedy=remedy)
    assert boxes is not None
    assert labels is not None
    return boxes, labels


def _box(box: Any, label: Any, place: str) -> Box:
    found = label_of(label, place)
    if found is None:
        raise InputError(f"the label of a box is missing ({place})", got=label, remedy="label it or remove it")
    numbers = list(box) if isinstance(box, list | tuple) else []
    fits = len(numbers) == 4 and all(
        isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number) for number in numbers
    )
    if not fits or min(numbers[:2]) < 0 or min(numbers[2:]) <= 0:
        remedy = "give left, top, width and height in pixels, the last two above 0"
        raise InputError(f"a box is impossible ({place})", got=box, remedy=remedy)
    left, top, width, height = numbers
    return Box(left, top, width, height, found)
