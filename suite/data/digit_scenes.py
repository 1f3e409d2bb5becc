"""Digits of several sizes on a dark canvas, with their boxes. Composed of the digits of ``suite.data.digits``.

Validation and test scenes are made of ten neighbouring digits of the file at a time: scenes of one ten share digits and
are the same source, scenes of two tens share none.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from suite.data.boxes import Box
from suite.data.digits import digits
from suite.data.splits import Split

SIDE = 64
"""Pixels of the canvas, both ways."""
MOST = 4
"""Digits of a scene, at least one."""
SMALLEST, LARGEST = 12, 22
"""Pixels of a digit, both ways."""
TRAIN_SCENES = 6000
GROUP = 10
"""Neighbouring digits of which the scenes of one source are made."""
SCENES_OF_A_GROUP = 8
TRIES = 20
"""Places that are drawn for a digit until one is free; then it is left out."""


@functools.cache
def scenes(split: Split) -> Sequence[Mapping[str, Any]]:
    """The scenes of a split: ``image`` (grey PIL, 64 x 64), ``label`` (a box a digit) and ``source``."""
    drawn, found = random.Random(f"{split} scenes"), digits(split)
    if split == "train":
        return [{**scene(found, drawn), "source": number} for number in range(TRAIN_SCENES)]
    groups = [found[start : start + GROUP] for start in range(0, len(found) - GROUP + 1, GROUP)]
    return [
        {**scene(group, drawn), "source": number}
        for number, group in enumerate(groups)
        for _ in range(SCENES_OF_A_GROUP)
    ]


def scene(found: Sequence[Mapping[str, Any]], drawn: random.Random) -> dict[str, Any]:
    """Some digits at places where they do not overlap."""
    image = Image.new("L", (SIDE, SIDE))
    boxes: list[Box] = []
    for digit in drawn.sample(list(found), drawn.randint(1, MOST)):
        side = drawn.randint(SMALLEST, LARGEST)
        place = _free_place(boxes, side, drawn)
        if place is not None:
            image.paste(digit["image"].resize((side, side), Image.Resampling.BILINEAR), place)
            boxes.append(Box(place[0], place[1], side, side, str(digit["label"])))
    return {"image": image, "label": tuple(boxes)}


def _free_place(boxes: Sequence[Box], side: int, drawn: random.Random) -> tuple[int, int] | None:
    for _ in range(TRIES):
        left, top = drawn.randint(0, SIDE - side), drawn.randint(0, SIDE - side)
        if all(
            left + side <= box.left
            or box.left + box.width <= left
            or top + side <= box.top
            or box.top + box.height <= top
            for box in boxes
        ):
            return left, top
    return None
