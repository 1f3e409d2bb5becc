"""Digits in a row and what they read, in words: "three seven one". Composed of the digits of ``suite.data.digits``.

Validation and test rows are made of ten neighbouring digits of the file at a time: rows of one ten share digits and are
the same source, rows of two tens share none.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from suite.data.digits import digits
from suite.data.splits import Split

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FEWEST, MOST = 2, 5
"""Digits of a row."""
SIDE = 8
"""Pixels of a digit; a row is as wide as ``MOST`` of them, black where it has fewer."""
TRAIN_ROWS = 6000
GROUP = 10
"""Neighbouring digits of which the rows of one source are made."""
ROWS_OF_A_GROUP = 10


@functools.cache
def rows(split: Split) -> Sequence[Mapping[str, Any]]:
    """The rows of a split: ``image`` (grey PIL, 40 x 8), ``label`` (the words) and ``source``."""
    drawn, found = random.Random(f"{split} rows"), digits(split)
    if split == "train":
        return [{**row(some(found, drawn)), "source": number} for number in range(TRAIN_ROWS)]
    groups = [found[start : start + GROUP] for start in range(0, len(found) - GROUP + 1, GROUP)]
    return [
        {**row(some(group, drawn)), "source": number}
        for number, group in enumerate(groups)
        for _ in range(ROWS_OF_A_GROUP)
    ]


def some(found: Sequence[Mapping[str, Any]], drawn: random.Random) -> list[Mapping[str, Any]]:
    """``FEWEST`` to ``MOST`` different digits in an order drawn."""
    return drawn.sample(list(found), drawn.randint(FEWEST, MOST))


def row(chosen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The digits side by side from the left."""
    image = Image.new("L", (SIDE * MOST, SIDE))
    for place, digit in enumerate(chosen):
        image.paste(digit["image"], (SIDE * place, 0))
    return {"image": image, "label": " ".join(WORDS[digit["label"]] for digit in chosen)}
