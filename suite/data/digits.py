"""1,797 scanned hand-written digits, 8 x 8 pixels, 16 shades of grey: what several tasks on images are made of.

Data: the test part of "Optical Recognition of Handwritten Digits" (Alpaydin & Kaynak 1998, UCI Machine
Learning Repository, doi:10.24432/C50P49, CC BY 4.0), as scikit-learn ships it. Splits follow the file's
order, which keeps neighbouring scans together: 1,147 train, 200 validation, the last 450 test.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from suite.data.splits import Split

DIGITS = 10
PARTS: dict[Split, slice] = {
    "train": slice(0, 1147),
    "validation": slice(1147, 1347),
    "test": slice(1347, 1797),
}


def digits(split: Split) -> Sequence[Mapping[str, Any]]:
    """The ``image`` (grey PIL, 8 x 8) and ``label`` of each digit of a split, in the file's order."""
    return _all()[PARTS[split]]


@functools.cache
def _all() -> list[Mapping[str, Any]]:
    """Pixels 0 to 16 are stretched to 0 to 255.

    scikit-learn's own loader reads the same file; importing it takes a second of every sweep's start.
    """
    package = importlib.util.find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    rows = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    pixels = np.round(rows[:, :-1].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return [
        {"image": Image.fromarray(image), "label": int(label)} for image, label in zip(pixels, rows[:, -1], strict=True)
    ]
