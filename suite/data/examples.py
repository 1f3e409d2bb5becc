"""Rows of a table to examples, and what is wrong with a row that does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from suite.data import columns
from suite.data.boxes import Box, boxes_of, check_inside
from suite.data.columns import ANY, Columns
from suite.data.images import ImageExample
from suite.data.labels import Label, decoded, label_of
from suite.data.readers import Row
from suite.data.sounds import spoken
from suite.data.structured import StructuredKind, structured
from suite.errors import InputError
from suite.text.suggest import beside

Kind = Literal["image", "text", "corpus", "boxes", "speech"] | StructuredKind
STRUCTURED: tuple[StructuredKind, ...] = ("words", "question", "pair")
Example = Mapping[str, Any]

BLOCK_CHARACTERS = 8000


class Wanted(NamedTuple):
    """What an example holds, and the columns of tables that the user names for it."""

    kind: Kind
    columns: Columns = ANY


def from_rows(rows: Sequence[Row], wanted: Wanted, folder: Path, *, secret_labels: bool = False) -> list[Example]:
    """The examples of a table; none at all where every label is kept secret (absent or -1).

    Args:
        rows: as read.
        wanted: what an example holds.
        folder: what file names of images are relative to.
        secret_labels: the label column itself may be absent, as in the test split of some benchmarks.

    Raises:
        InputError: no fitting column, or a row without content or label.
    """
    if not rows:
        return []
    kind, (of_input, of_label) = wanted.kind, wanted.columns
    if kind in STRUCTURED:
        return structured(rows, kind, wanted.columns)
    if kind == "speech":
        return spoken(rows, wanted.columns, folder)
    of_image = kind in ("image", "boxes")
    content = columns.chosen(rows, "image" if of_image else "text", of_input, pairs=kind != "corpus")
    if kind == "boxes":
        return [_boxes_example(row, content, folder) for row in rows]
    if kind == "corpus":
        return _corpus([_text(row, content) for row in rows])
    if secret_labels and not columns.has(rows, "label", of_label):
        return []
    label = columns.chosen(rows, "label", of_label)
    make = _image_example if kind == "image" else _text_example
    labels = [label_of(row.values.get(label), row.place) for row in rows]
    if all(found is None or found == -1 for found in labels):
        return []  # a test split whose labels are kept secret
    return [make(row, content, _present(found, row), folder) for row, found in zip(rows, labels, strict=True)]


def _present(label: Label | None, row: Row) -> Label:
    if label is None:
        raise InputError(f"the label is missing ({row.place})", got=None, remedy="label the row or remove it")
    return label


def _text(row: Row, column: str) -> str:
    value = row.values.get(column)
    if isinstance(value, bytes):
        value = decoded(value, "text", row.place)
    if not isinstance(value, str):
        raise InputError(f"the text is missing ({row.place})", got=value, remedy="correct or remove the row")
    return value


def _text_example(row: Row, column: str, label: Label, folder: Path) -> Example:
    text = _text(row, column)
    if not text.strip():
        raise InputError(f"the text is empty ({row.place})", got=text, remedy="correct or remove the row")
    return {"text": text, "label": label}


def _boxes_example(row: Row, column: str, folder: Path) -> Example:
    boxes = boxes_of(row)
    example = _image_example(row, column, boxes, folder)
    check_inside(boxes, example.size, row.place)
    return example


def _image_example(row: Row, column: str, label: Label | tuple[Box, ...], folder: Path) -> ImageExample:
    value = row.values.get(column)
    if isinstance(value, dict):  # how tables of the datasets library hold an image
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return checked(ImageExample(content=value, name=row.place, label=label))
    if not isinstance(value, str) or not value:
        raise InputError(f"the image is missing ({row.place})", got=value, remedy="give a file name")
    file = folder / value
    if not file.is_file():
        remedy = beside(file, otherwise="file names are relative to the table's folder")
        raise InputError(f"the image does not exist ({row.place})", got=value, remedy=remedy)
    return checked(ImageExample(content=file, name=str(file), label=label))


def _corpus(texts: Sequence[str]) -> list[Example]:
    """Documents as they are; rows that are mere lines (as in WikiText) are joined into blocks first."""
    kept = [text for text in texts if text.strip()]
    if kept and sum(map(len, kept)) / len(kept) < 400:
        return blocks("".join(text if text.endswith("\n") else text + "\n" for text in kept), "rows")
    return [{"text": text, "source": f"document {at}"} for at, text in enumerate(kept)]


def blocks(text: str, name: str) -> list[Example]:
    """One long text cut at line ends into pieces that can go to different splits."""
    size = min(BLOCK_CHARACTERS, max(500, len(text) // 20))
    blocks, current = [], ""
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), size):  # a line may be longer than a block
            current += line[start : start + size]
            if len(current) >= size:
                blocks.append(current)
                current = ""
    blocks.append(current)
    return [{"text": block, "source": f"{name}#{at}"} for at, block in enumerate(blocks) if block.strip()]


def checked(example: ImageExample) -> ImageExample:
    """``example``, once its header has been read."""
    example.check()
    return example
