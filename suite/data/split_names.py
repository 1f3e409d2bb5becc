"""Which files of a folder are its splits, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from suite.data import readers
from suite.errors import InputError

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "eval", "evaluation"), "test"),
}
_NAME = re.compile(r"([a-z]+)(?:[-_.](.*))?")
_PIECE = re.compile(r"(?:(.*?)[-_.])??(?:part|shard)?[-_.]?(\d+)(?:[-_.]of[-_.](\d+))?(?:-[0-9a-f]{16})?")
"""``00000-of-00002``, as the datasets library numbers the pieces of a split (with a hash behind in older ones)."""
_APART = "name the files: task.data.test=FILE task.data.train=FILE"


class SplitName(NamedTuple):
    """``test_reviews-00001-of-00002.csv`` is piece 1 of 2 of ``reviews`` of the split ``test``.

    Attributes:
        split: ``train``, ``validation`` or ``test``; empty for any other file.
        rest: what the name says beside split and piece.
        piece: the piece's number; None for a split in one file.
        pieces: of how many; None where the name does not say.
    """

    split: str
    rest: str
    piece: int | None
    pieces: int | None


def split_name(path: Path) -> SplitName:
    """What the name of a file or folder says."""
    stem = (path.name if path.is_dir() else readers.split_name(path)[0]).lower()
    found = _NAME.fullmatch(stem)
    if found is None or found[1] not in SPLIT_NAMES:
        return SplitName("", "", None, None)
    rest = found[2] or ""
    piece = _PIECE.fullmatch(rest)
    if piece is None:
        return SplitName(SPLIT_NAMES[found[1]], rest, None, None)
    return SplitName(SPLIT_NAMES[found[1]], piece[1] or "", int(piece[2]), int(piece[3]) if piece[3] else None)


def by_split(folder: Path, found: Sequence[Path]) -> dict[str, list[Path]]:
    """``found``, all of them named like splits, by split.

    Raises:
        InputError: there are two of one split that are not its pieces, as copies and predictions are, or splits that
            do not belong together.
    """
    parts: dict[str, list[Path]] = {}
    for entry in found:
        parts.setdefault(split_name(entry).split, []).append(entry)
    for split, entries in parts.items():
        names = [split_name(entry) for entry in entries]
        numbers = {name.piece for name in names}
        alike = {
            (name.rest, name.pieces, readers.split_name(entry)[1]) for name, entry in zip(names, entries, strict=True)
        }
        if len(entries) > 1 and (len(alike) > 1 or None in numbers or len(numbers) < len(names)):
            what = f"the folder has several files for its {split} split ({folder})"
            remedy = f"move what is no data elsewhere, or {_APART}"
            raise InputError(what, got=[entry.name for entry in entries], remedy=remedy)
    if len({split_name(entry).rest for entry in found}) > 1:
        what = f"the files of the folder do not look like splits of one data set ({folder})"
        remedy = f"call them train, validation and test, or {_APART}"
        raise InputError(what, got=[entry.name for entry in found], remedy=remedy)
    return parts
