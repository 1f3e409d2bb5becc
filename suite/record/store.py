"""Record files: written whole or not at all, never rewritten, and read with distrust."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from suite.io.atomic import sync_folder, synced_temporary
from suite.io.redaction import redacted
from suite.record.dotted_keys import DEEPEST_LEVEL
from suite.record.schema import SCHEMA_VERSION, Record

LARGEST_BYTES = 64 * 1024 * 1024
"""No record comes near: it would hold a million latencies."""
LARGEST_FIGURE = 1e12
"""No window comes near, in joules or seconds; beyond it figures derived from it would overflow."""


class RecordError(Exception):
    """A record file that cannot be read; the message names the file and the place in it."""


class TornRecord(RecordError):
    """The file is no whole record of this version: cut short, changed by hand, or made to do harm."""


def save(record: Record, folder: Path) -> Path:
    """Writes ``record`` to ``folder/POINT_ID-N.json`` for the next free N: whole, synced, or not at all.

    Secrets that this machine knows (hub tokens, passwords) are masked wherever they stand.
    """
    content = redacted(msgspec.json.format(msgspec.json.encode(record), indent=1).decode())
    with synced_temporary(folder, content.encode()) as temporary:
        target = _link_to_next_attempt(temporary, folder, record.point_id)
    sync_folder(folder)
    return target


def _link_to_next_attempt(temporary: Path, folder: Path, point_id: str) -> Path:
    attempt = 1 + max((attempt_of(path) for path in folder.glob(f"{point_id}-*.json")), default=0)
    while True:
        target = folder / f"{point_id}-{attempt}.json"
        try:
            os.link(temporary, target)  # fails if the name exists, so no record is ever overwritten
        except FileExistsError:
            attempt += 1
            continue
        return target


def attempt_of(path: Path) -> int:
    """The attempt number N of a file named ``POINT_ID-N.json``; 0 for any other name."""
    match = re.fullmatch(r"[0-9a-f]+-(\d+)\.json", path.name)
    return int(match.group(1)) if match else 0


def load(path: Path) -> Record:
    """Reads one record.

    Raises:
        TornRecord: the file is torn, is no record, contradicts itself, or is larger or deeper than any record.
        RecordError: it cannot be opened, or has another schema version.
    """
    try:
        record = msgspec.json.decode(_content(path), type=Record)
    except OSError as error:
        raise RecordError(f"{path.name}: {error}") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise TornRecord(f"{path.name}: {error}") from error
    if record.schema_version != SCHEMA_VERSION:
        raise RecordError(f"{path.name}: schema_version {record.schema_version}, this version reads {SCHEMA_VERSION}")
    if record.point.point_id != record.point_id:
        raise TornRecord(f"{path.name}: point_id {record.point_id} does not match its point ({record.point.point_id})")
    _check_margin(path, record)
    _check_environment(path, record)
    _check_depth(path, record)
    _check_windows(path, record)
    return record


def _content(path: Path) -> bytes:
    """The bytes of a plain file of a record's size; anything else, such as a pipe, is not even opened."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise TornRecord(f"{path.name}: no plain file")
    if status.st_size > LARGEST_BYTES:
        raise TornRecord(f"{path.name}: {status.st_size} bytes, more than any record ({LARGEST_BYTES})")
    return path.read_bytes()


def _check_depth(path: Path, record: Record) -> None:
    """The fields whose shape is free are not nested so deep that what reads them would run out of stack."""
    level: list[Any] = [
        record.config,
        record.environment,
        record.effect,
        *(use.params for use in record.point.mitigations),
    ]
    for _ in range(DEEPEST_LEVEL):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise TornRecord(f"{path.name}: nested deeper than any record ({DEEPEST_LEVEL})")


def _check_margin(path: Path, record: Record) -> None:
    """The one entry of the configuration that figures are derived from."""
    task = record.config.get("task")
    margin = task.get("margin", 0.0) if isinstance(task, dict) else 0.0
    if isinstance(margin, bool) or not isinstance(margin, int | float | None):
        raise TornRecord(f"{path.name}: config.task.margin is no number but {margin!r}")


def _check_windows(path: Path, record: Record) -> None:
    """What every figure is divided by, or is invalid below 0."""
    for number, window in enumerate([*record.windows, *record.prefill_windows]):
        energies_j = [window.energy_j, window.codecarbon_energy_j, window.energy_uncertainty_j]
        figures = [each for some in energies_j for each in some.values()]
        least = min([*figures, window.block, window.batches or 0, *(window.latencies_s or [])])
        if window.queries < 1 or window.duration_s <= 0 or least < 0:
            raise TornRecord(
                f"{path.name}: windows[{number}] is invalid: queries, duration_s or a figure at or below 0"
            )
        if max([*figures, window.duration_s, *(window.latencies_s or [])]) > LARGEST_FIGURE:
            raise TornRecord(f"{path.name}: windows[{number}] is invalid: a figure above {LARGEST_FIGURE:g}")


def _check_environment(path: Path, record: Record) -> None:
    """The entries of the environment that are read by name."""
    for name in ("hardware", "packages", "meter"):
        value = record.environment.get(name, {})
        if not isinstance(value, dict):
            raise TornRecord(f"{path.name}: environment.{name} is no object but {value!r}")


def record_files(folder: Path) -> list[Path]:
    """Every record file under ``folder/records``, in the order of their names."""
    return sorted((folder / "records").glob("*.json"))


def records_digest(folder: Path) -> str | None:
    """SHA-256 of the names and contents of all record files of a run; None where there are none.

    A file that is none by its size or kind, or that cannot be opened, counts by its name.
    """
    paths, total = record_files(folder), hashlib.sha256()
    for path in paths:
        try:
            content = _content(path)
        except (OSError, TornRecord):
            content = b""
        total.update(os.fsencode(path.name) + b"\0" + hashlib.sha256(content).digest())
    return total.hexdigest() if paths else None


def read_run(folder: Path) -> Iterator[tuple[Path, Record | RecordError]]:
    """Every record file under ``folder/records``, in the order of their names, with what it holds or why not."""
    for path in record_files(folder):
        try:
            yield path, load(path)
        except RecordError as error:
            yield path, error


def load_run(folder: Path) -> tuple[list[tuple[Path, Record]], list[str]]:
    """All readable records under ``folder/records`` (in file order), and a line for each unreadable one."""
    records: list[tuple[Path, Record]] = []
    unreadable: list[str] = []
    for path, found in read_run(folder):
        if isinstance(found, Record):
            records.append((path, found))
        else:
            unreadable.append(str(found))
    return records, unreadable


def newest_by_point(records: list[tuple[Path, Record]]) -> list[Record]:
    """One record a point: the newest ok attempt, else the newest; in order of the first attempt's start."""
    by_point: dict[str, list[tuple[Path, Record]]] = {}
    for path, record in sorted(records, key=lambda pair: (pair[1].started_at, pair[0].name)):
        by_point.setdefault(record.point_id, []).append((path, record))
    chosen = []
    for attempts in by_point.values():
        ok = [pair for pair in attempts if pair[1].status == "ok"]
        chosen.append(max(ok or attempts, key=lambda pair: attempt_of(pair[0]))[1])
    return chosen
