"""Files of other tools: told apart by their content, read into rows, and kept beside a run as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from suite.errors import InputError
from suite.imported import aiperf, codecarbon, ml_energy, optimum_benchmark, vllm
from suite.imported.row import ImportedRow
from suite.io.atomic import write_whole

FOLDER = "imported"
"""Its name beside the records of a run."""
MOST_BYTES = 256 * 1024 * 1024
KNOWN = "optimum-benchmark's report, CodeCarbon's emissions.csv, ML.ENERGY's results, AIPerf's export, vLLM's result"
_JSON_READERS: tuple[ModuleType, ...] = (ml_energy, vllm, aiperf, optimum_benchmark)


def read_file(path: Path) -> list[ImportedRow]:
    """The rows of one file.

    Raises:
        InputError: it cannot be opened, is damaged, or of no tool that is known; says the file, what is wrong and what
            to do.
    """
    content = _bytes_of(path)
    try:
        text = content.decode("utf-8-sig")
        found = _json_rows(path, text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(path, text)
    except UnicodeDecodeError as error:
        raise _damaged(path, "no text", "give the json or csv file that the tool wrote") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error), "measure it again, or give the file as the tool wrote it") from error
    if not any(row.says_anything for row in found):
        raise _damaged(path, "no figure of a query in it", f"give a file of {KNOWN}")
    return [msgspec.structs.replace(row, file=path.name) for row in found]


def imported_rows(run: Path) -> list[ImportedRow]:
    """The rows of all files in the run's folder ``imported``, in the order of their names.

    Raises:
        InputError: one of them is damaged.
    """
    return [row for path in files_of(run) for row in read_file(path)]


def files_of(run: Path) -> list[Path]:
    """The files in the run's folder ``imported``, in the order of their names."""
    return sorted(path for path in (run / FOLDER).glob("*") if path.is_file() and not path.name.startswith("."))


def keep(run: Path, files: Sequence[Path]) -> list[Path]:
    """Copies files into the run's folder ``imported``, as they are; all are read before any is copied.

    Args:
        run: ``runs/NAME`` or ``reports/NAME``.
        files: of other tools; one that is there already is not copied again.

    Raises:
        InputError: no such run, a file that cannot be read, or the folder cannot be written.
    """
    if not run.is_dir():
        raise InputError("no such run", got=str(run), remedy="name a folder under runs/ or reports/")
    for path in files:
        read_file(path)
    try:
        return [_kept(run / FOLDER, path) for path in files]
    except OSError as error:
        remedy = f"make it writable ({error})"
        raise InputError("the files cannot be kept", got=str(run / FOLDER), remedy=remedy) from error


def _kept(folder: Path, path: Path) -> Path:
    """Where the file lies now: tools give all their files one name, so a number sets them apart."""
    content, number = path.read_bytes(), 1
    target = folder / path.name
    while target.exists() and target.read_bytes() != content:
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    if not target.exists():
        write_whole(target, content)
    return target


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _damaged(path, f"more than {MOST_BYTES} bytes", "give the tool's summary, not its trace")
        content = path.read_bytes()
    except OSError as error:
        remedy = f"check the path ({error})"
        raise InputError("an imported file cannot be opened", got=str(path), remedy=remedy) from error
    if not content.strip():
        raise _damaged(path, "nothing in it", "measure it again")
    return content


def _damaged(path: Path, wrong: str, remedy: str) -> InputError:
    return InputError(f"an imported file cannot be read: {wrong}", got=str(path), remedy=remedy)


def _json_rows(path: Path, text: str) -> list[ImportedRow]:
    return [row for content in _contents(text) for row in _reader(path, content).rows(content)]


def _contents(text: str) -> list[Any]:
    """The one object, or those of several lines."""
    try:
        return [msgspec.json.decode(text)]
    except msgspec.DecodeError:
        lines = text.strip().splitlines()
        if len(lines) == 1 or not all(line.startswith("{") and line.endswith("}") for line in lines):
            raise
        return [msgspec.json.decode(line) for line in lines]


def _reader(path: Path, content: Any) -> ModuleType:
    for reader in _JSON_READERS:
        if reader.is_ours(content):
            return reader
    raise _damaged(path, "of no tool that is known", f"give a file of {KNOWN}")


def _csv_rows(path: Path, text: str) -> list[ImportedRow]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    missing = codecarbon.COLUMNS - set(reader.fieldnames or ())
    if missing:
        raise _damaged(path, "of no tool that is known", f"give a file of {KNOWN}")
    try:
        return [_line(number, cells) for number, cells in enumerate(reader, start=2)]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _line(number: int, cells: dict[str, Any]) -> ImportedRow:
    if None in cells or None in cells.values():
        raise ValueError(f"line {number} has another number of cells than the head")
    try:
        return codecarbon.row(cells)
    except (msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"line {number}: {error}") from error
