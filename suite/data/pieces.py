"""A file, a folder or a hub data set to examples, in the pieces that it comes in."""

from __future__ import annotations

from pathlib import Path

from suite.checkpoints import locations
from suite.data import columns, hub_data, images, readers
from suite.data.examples import Example, Wanted, blocks, checked, from_rows
from suite.data.images import ImageExample
from suite.data.split_names import by_split, split_name
from suite.errors import InputError
from suite.text.suggest import beside

Pieces = dict[str, list[Example]]
"""Examples by split: ``train``, ``validation`` and ``test``, or one of any name."""

CORPUS_SUFFIXES = (".txt", ".md", ".py")
FEWEST = {"corpus": 3, "image": 10, "text": 10, "words": 10, "question": 10, "pair": 10, "boxes": 10, "speech": 10}
"""So many different items are needed to cut data in one piece."""


def pieces_of(source: str, wanted: Wanted) -> Pieces:
    """The examples of a local file or folder, or of a hub data set.

    Raises:
        InputError: nothing is there, or it cannot be read.
        NotApplicable: the hub is out of reach, or access is refused.
    """
    if not source.strip():
        raise InputError("task.data is empty", got=source, remedy="give a file, a folder or a hub dataset id")
    path = Path(source).expanduser()
    if is_here(source):
        if not path.exists():
            remedy = beside(path, otherwise="give an existing file or folder, or a hub dataset id")
            raise InputError("the data does not exist", got=source, remedy=remedy)
        return _folder(path, wanted) if path.is_dir() else {"all": _file(path, wanted)}
    found = hub_data.rows(source, columns=[*columns.ALL, *(name.lower() for name in wanted.columns if name)])
    return {
        name: from_rows(rows, wanted, Path(), secret_labels=name == "test" and len(found) > 1)
        for name, rows in found.items()
    }


def _folder(path: Path, wanted: Wanted) -> Pieces:
    parts = _split_parts(path)
    if parts:
        secret = "test" if len(parts) > 1 else None
        return {
            name: [example for part in found for example in _part(part, wanted, secret_labels=name == secret)]
            for name, found in parts.items()
        }
    if wanted.kind == "corpus":
        return {"all": _documents(path)}
    tables = [entry for entry in sorted(path.iterdir()) if readers.is_table(entry) and entry.is_file()]
    if wanted.kind in ("image", "boxes"):
        tables = [table for table in tables if readers.split_name(table)[0].lower() in ("metadata", "labels")]
        if not tables and wanted.kind == "image":
            return {"all": _class_folders(path)}
    if len(tables) != 1:
        remedy = "name one file, or call them train, validation and test"
        what = f"the folder must have one data file or named splits ({path})"
        raise InputError(what, got=[table.name for table in tables], remedy=remedy)
    return {"all": _file(tables[0], wanted)}


def _split_parts(path: Path) -> dict[str, list[Path]]:
    """Tables, texts or folders whose names say a split (``train.csv``, ``test-00000-of-00001.parquet``, ``val/``).

    Texts and folders count only if all of them are named so: ``test.txt`` may be a document, ``train/`` a class.
    """
    below = path / "data"
    inside = below if below.is_dir() and not any(split_name(entry).split for entry in path.iterdir()) else path
    entries = sorted(entry for entry in inside.iterdir() if not entry.name.startswith("."))
    found = [entry for entry in entries if readers.is_table(entry) and split_name(entry).split]
    for others in (
        [entry for entry in entries if readers.split_name(entry)[1] == ".txt"],
        [entry for entry in entries if entry.is_dir()],
    ):
        if not found and all(split_name(entry).split for entry in others):
            found = others
    return by_split(path, found)


def _part(path: Path, wanted: Wanted, *, secret_labels: bool) -> list[Example]:
    if path.is_file():
        return _file(path, wanted, secret_labels=secret_labels)
    return [example for found in _folder(path, wanted).values() for example in found]


def is_here(source: str) -> bool:
    """Whether ``source`` means a file or folder of this machine, whether it exists or not; else it is a hub id."""
    path = Path(source)
    return locations.is_local(source) or readers.is_table(path) or _is_text(path)


def _is_text(path: Path) -> bool:
    return readers.split_name(path)[1] in CORPUS_SUFFIXES


def _file(path: Path, wanted: Wanted, *, secret_labels: bool = False) -> list[Example]:
    if wanted.kind == "corpus" and _is_text(path):
        return blocks(readers.read_text(path), path.name)
    if not readers.is_table(path):
        remedy = f"give {', '.join(readers.SUFFIXES)}" + (", .txt" if wanted.kind == "corpus" else "")
        raise InputError("the data file's kind is unknown", got=str(path), remedy=remedy)
    return from_rows(readers.read(path), wanted, path.parent, secret_labels=secret_labels)


def _documents(path: Path) -> list[Example]:
    files = [file for file in sorted(path.rglob("*")) if _is_text(file) and file.is_file()]
    texts = [(str(file.relative_to(path)), readers.read_text(file)) for file in files]
    texts = [(name, text) for name, text in texts if text.strip()]
    if not texts:
        remedy = f"give a folder with {', '.join(CORPUS_SUFFIXES)} files"
        raise InputError("the folder has no text", got=str(path), remedy=remedy)
    if len(texts) < FEWEST["corpus"]:
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
