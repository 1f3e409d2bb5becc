"""The user's own data, from files, folders or the hub, as examples in three splits.

Splits that the data comes with are kept. Data in one piece is cut 70/10/20 into train, validation and test by a
hash of each item's content and the seed, so the order of the rows does not matter and equal items stay together.
No item of one split occurs in another: test keeps it, validation comes next, train loses it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.checkpoints import locations
from suite.data import hub_data, images, readers
from suite.data.examples import COLUMNS, Example, Kind, blocks, checked, from_rows
from suite.data.images import ImageExample
from suite.errors import InputError
from suite.text.suggest import beside

Pieces = dict[str, list[Example]]
"""Examples by split: ``train``, ``validation`` and ``test``, or one of any name."""

CORPUS_SUFFIXES = (".txt", ".md", ".py")
_SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "eval", "evaluation"), "test"),
}
_FEWEST = {"image": 10, "text": 10, "corpus": 3}
"""So many different items are needed to cut data in one piece."""


@dataclasses.dataclass(frozen=True)
class Splits:
    """Examples apart: train for techniques, validation for fixing recipes, test for scores and queries."""

    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]


def load_splits(source: str, *, kind: Kind, seed: int) -> Splits:
    """Reads ``source`` as it is told by ``task.data``.

    Args:
        source: a .jsonl, .json, .csv, .tsv or .parquet file; a folder with train, validation and test files;
            for images a folder of class folders, or one with a ``labels`` or ``metadata`` table of file and label;
            for a corpus a .txt file or a folder of .txt, .md and .py files; or a hub id, as ``id`` or ``id:config``.
        kind: what an example holds: ``image`` and ``label``, ``text`` and ``label``, or ``text`` and ``source``.
        seed: of the cut of data that comes in one piece.

    Returns:
        Splits, none of them empty. Labels are as found, integers or strings.

    Raises:
        InputError: nothing is there, it cannot be read, or it has no fitting columns, labels or size.
        NotApplicable: the hub is out of reach, or access is refused.
    """
    if not source.strip():
        raise InputError("task.data is empty", got=source, remedy="give a file, a folder or a hub dataset id")
    if locations.is_local(source) or Path(source).suffix in (*readers.SUFFIXES, *CORPUS_SUFFIXES):
        path = Path(source).expanduser()
        if not path.exists():
            remedy = beside(path, otherwise="give an existing file or folder, or a hub dataset id")
            raise InputError("the data does not exist", got=source, remedy=remedy)
        pieces = _folder(path, kind) if path.is_dir() else {"all": _file(path, kind)}
    else:
        found = hub_data.rows(source, columns=[name for names in COLUMNS.values() for name in names])
        alone = len(found) == 1
        pieces = {
            name: from_rows(rows, kind, Path(), secret_labels=name == "test" and not alone)
            for name, rows in found.items()
        }
    return _arrange(pieces, source, kind, seed)


# Reading


def _folder(path: Path, kind: Kind) -> Pieces:
    parts = _split_parts(path)
    if parts:
        secret = "test" if len(parts) > 1 else None
        return {
            name: [example for part in found for example in _part(part, kind, secret_labels=name == secret)]
            for name, found in parts.items()
        }
    if kind == "corpus":
        return {"all": _documents(path)}
    listed = [path / f"{stem}{suffix}" for stem in ("metadata", "labels") for suffix in readers.SUFFIXES]
    listing = next((file for file in listed if file.is_file()), None)
    if kind == "image":
        return {"all": _file(listing, kind) if listing else _class_folders(path)}
    files = [file for file in sorted(path.iterdir()) if file.suffix in readers.SUFFIXES]
    if len(files) != 1:
        remedy = "name one file, or call them train, validation and test"
        raise InputError("the folder must have one data file or named splits", got=str(path), remedy=remedy)
    return {"all": _file(files[0], kind)}


def _split_parts(path: Path) -> dict[str, list[Path]]:
    """Tables, texts or folders whose names say a split (``train.csv``, ``test-00000-of-00001.parquet``, ``val/``).

    Texts and folders count only if all of them are named so: ``test.txt`` may be a document, ``train/`` a class.
    """
    inside = path / "data" if (path / "data").is_dir() and not list(path.glob("train*")) else path
    entries = sorted(entry for entry in inside.iterdir() if not entry.name.startswith("."))
    found = [entry for entry in entries if entry.suffix in readers.SUFFIXES and _split_of(entry)]
    for others in (
        [entry for entry in entries if entry.suffix == ".txt"],
        [entry for entry in entries if entry.is_dir()],
    ):
        if not found and all(_split_of(entry) for entry in others):
            found = others
    parts: dict[str, list[Path]] = {}
    for entry in found:
        parts.setdefault(_split_of(entry), []).append(entry)
    return parts


def _split_of(path: Path) -> str:
    return _SPLIT_NAMES.get(re.split(r"[-_.]", path.name.lower())[0], "")


def _part(path: Path, kind: Kind, *, secret_labels: bool) -> list[Example]:
    if path.is_file():
        return _file(path, kind, secret_labels=secret_labels)
    return [example for found in _folder(path, kind).values() for example in found]


def _file(path: Path, kind: Kind, *, secret_labels: bool = False) -> list[Example]:
    if kind == "corpus" and path.suffix in CORPUS_SUFFIXES:
        return blocks(readers.read_text(path), path.name)
    if path.suffix not in readers.SUFFIXES:
        remedy = f"give {', '.join(readers.SUFFIXES)}" + (", .txt" if kind == "corpus" else "")
        raise InputError("the data file's kind is unknown", got=str(path), remedy=remedy)
    return from_rows(readers.read(path), kind, path.parent, secret_labels=secret_labels)


def _documents(path: Path) -> list[Example]:
    files = [file for file in sorted(path.rglob("*")) if file.suffix in CORPUS_SUFFIXES and file.is_file()]
    texts = [(str(file.relative_to(path)), readers.read_text(file)) for file in files]
    texts = [(name, text) for name, text in texts if text.strip()]
    if not texts:
        remedy = f"give a folder with {', '.join(CORPUS_SUFFIXES)} files"
        raise InputError("the folder has no text", got=str(path), remedy=remedy)
    if len(texts) < _FEWEST["corpus"]:
        return [block for name, text in texts for block in blocks(text, name)]
    return [{"text": text, "source": name} for name, text in texts]


def _class_folders(path: Path) -> list[Example]:
    examples: list[Example] = []
    for folder in sorted(entry for entry in path.iterdir() if entry.is_dir()):
        for file in sorted(folder.rglob("*")):
            if file.suffix.lower() in images.SUFFIXES:
                examples.append(checked(ImageExample(content=file, name=str(file), label=folder.name)))
    if not examples:
        remedy = "give a folder of class folders, or one with labels.jsonl of file and label"
        raise InputError("the folder has no images by class", got=str(path), remedy=remedy)
    return examples


# Splits


def _arrange(pieces: Pieces, source: str, kind: Kind, seed: int) -> Splits:
    present = {name: examples for name, examples in pieces.items() if examples}
    if not present:
        raise InputError("the data has no labelled items", got=source, remedy="give data with labels")
    named = {name: examples for name, examples in present.items() if name in ("train", "validation", "test")}
    if len(named) < 2:  # one piece, whatever it is called: techniques need some of it to train on
        only = next(iter((named or present).values()))
        splits = _cut(_without_repeats(only), source, kind, seed)
    else:
        splits = _keep(named, seed)
    labels = {example["label"] for part in (splits.train, splits.test) for example in part if "label" in example}
    if kind != "corpus" and len(labels) < 2:
        remedy = "give data with two classes or more"
        raise InputError("the data has a single class", got=next(iter(labels)), remedy=remedy)
    return splits


def _keep(named: Pieces, seed: int) -> Splits:
    """The splits as they came; validation stands in for a missing test or train, and is then carved from train."""
    left = dict(named)
    test = left.pop("test", None) or left.pop("validation")
    train = left.pop("train", None) or left.pop("validation")
    validation = left.get("validation")
    train = _without(train, [*test, *(validation or [])])
    if validation is None:
        validation, train = _ranked(train, [0.1], seed)
    else:
        validation = _without(validation, test)
    if not train or not validation:
        what = "no training or validation items are left besides those of the test split"
        raise InputError(what, got=f"{len(test)} test items", remedy="give larger splits that differ")
    return Splits(train=train, validation=validation, test=test)


def _cut(examples: list[Example], source: str, kind: Kind, seed: int) -> Splits:
    different = len({_key(example) for example in examples})
    if different < _FEWEST[kind]:
        what = f"the data has too few different items ({different}) to be split into train, validation and test"
        raise InputError(what, got=source, remedy=f"give at least {_FEWEST[kind]}")
    test, validation, train = _ranked(examples, [0.2, 0.1], seed)
    return Splits(train=train, validation=validation, test=test)


def _ranked(examples: list[Example], shares: Sequence[float], seed: int) -> list[list[Example]]:
    """Parts with the given shares of the different items (at least one each), then the rest; in the order given."""
    keys = [_key(example) for example in examples]
    order = sorted(set(keys), key=lambda key: hashlib.sha256(f"{seed}:".encode() + key).digest())
    part_of: dict[bytes, int] = {}
    for part, share in enumerate(shares):
        start = len(part_of)
        for key in order[start : start + max(1, round(share * len(order)))]:
            part_of[key] = part
    parts: list[list[Example]] = [[] for _ in range(len(shares) + 1)]
    for key, example in zip(keys, examples, strict=True):
        parts[part_of.get(key, len(shares))].append(example)
    return parts


def _without(examples: list[Example], others: Sequence[Example]) -> list[Example]:
    taken = {_key(example) for example in others}
    return [example for example in examples if _key(example) not in taken]


def _without_repeats(examples: list[Example]) -> list[Example]:
    first: dict[tuple[bytes, Any], Example] = {}
    for example in examples:
        first.setdefault((_key(example), example.get("label")), example)
    return list(first.values())


def _key(example: Example) -> bytes:
    """A hash of the content alone, so that an item with two labels is still one item."""
    if isinstance(example, ImageExample):
        return example.key()
    return hashlib.sha256(example["text"].encode("utf-8", "surrogatepass")).digest()
