"""The record of one attempt at one point: raw measurements, nothing derived.

A record is written once, atomically, and never rewritten. A component of energy that was not read is
absent from ``energy_j``, never 0. ``method`` names how each component was got: a value that starts
with ``measured:`` came from a counter, one that starts with ``estimated:`` from a model, one that starts
with ``simulated:`` or ``replayed:`` from an instrument that was not there.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from suite.files import sync_folder, synced_temporary
from suite.secrecy import known_secrets, redacted

SCHEMA_VERSION = 1
LARGEST_BYTES = 64 * 1024 * 1024
"""No record comes near: it would hold a million latencies."""
DEEPEST_LEVEL = 32
"""Levels that free fields may be nested; a resolved configuration has six."""

Status = Literal["ok", "skipped", "failed"]
Phase = Literal["inference", "training"]
Arm = Literal["baseline", "candidate"]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a point was skipped or failed."""

    kind: str
    message: str


class MitigationUse(msgspec.Struct, frozen=True, kw_only=True):
    """One technique of a stack and the parameters it was given."""

    name: str
    params: dict[str, Any] = {}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a comparison. ``batch_size`` and ``dtype`` are the baseline's; ``device`` is a class."""

    task: str
    model: str
    mitigations: list[MitigationUse]
    phase: Phase
    workload: str
    batch_size: int
    device: str
    dtype: str

    @property
    def label(self) -> str:
        """The stack's names joined by ``+``; ``none`` for the baseline against itself."""
        return "+".join(use.name for use in self.mitigations) or "none"

    @property
    def point_id(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the point's canonical JSON."""
        return digest(msgspec.to_builtins(self))


class ApplyCost(msgspec.Struct, frozen=True, kw_only=True):
    """What applying the technique cost, once: seconds, joules by component and how they were got."""

    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the instrument saw beside the energy while a window was open. None, or empty: it cannot be read there.

    Attributes:
        counter_j: rise of the raw energy counter between the same two moments, in joules.
        integral_j: integral over the window of the power that was polled, in joules.
        polls: readings of power that the integral is made of.
        max_power_w: highest of them.
        power_limit_w: the board's enforced limit.
        longest_still_s: longest time for which the counter did not rise.
        temperature_c: of the board at the start and the end.
        sm_clock_mhz: clock of the multiprocessors at the start and the end.
        throttle_reasons: why the board held its clocks back at the start or the end (idle left out).
        foreign_processes: other processes with a context on the board, the most of start and end.
        truth_j: energy by component as it truly was; known to simulated instruments alone.
    """

    counter_j: float | None = None
    integral_j: float | None = None
    polls: int = 0
    max_power_w: float | None = None
    power_limit_w: float | None = None
    longest_still_s: float | None = None
    temperature_c: list[float] = []
    sm_clock_mhz: list[float] = []
    throttle_reasons: list[str] = []
    foreign_processes: int | None = None
    truth_j: dict[str, float] = {}


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One measured window of one arm.

    Attributes:
        latencies_s: one entry per query (single_stream only).
        slices: pieces that the window was run in, in turn with the other arm's; 1 is one stretch.
        gated: whether it opened and closed on a step of the energy counter; None where there is none to wait for.
        conditions: what else the instrument saw, for a window in one stretch.
    """

    arm: Arm
    block: int
    queries: int
    tokens: int | None
    duration_s: float
    energy_j: dict[str, float]
    method: dict[str, str]
    batches: int | None = None
    latencies_s: list[float] | None = None
    slices: int = 1
    gated: bool | None = None
    conditions: Conditions | None = None


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """Power with the models resident and nothing running, in watts by component.

    ``power_w`` is the mean of what was read before and after the blocks.
    """

    power_w: dict[str, float]
    method: dict[str, str]
    before_w: dict[str, float] = {}
    after_w: dict[str, float] = {}


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """One score a test item and arm, in the same order; ``clusters`` numbers the source of each item."""

    metric: str
    higher_is_better: bool
    baseline: list[float]
    candidate: list[float]
    clusters: list[int] | None = None


class RecordWarning(msgspec.Struct, frozen=True, kw_only=True):
    """Something that weakens a figure, with what to do about it."""

    code: str
    message: str
    remedy: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one point. See the module's docstring for the rules of its fields."""

    schema_version: int
    record_id: str
    point_id: str
    config_hash: str
    status: Status
    reason: Reason | None
    started_at: str
    finished_at: str
    config: dict[str, Any]
    point: Point
    environment: dict[str, Any]
    effect: dict[str, Any] = {}
    apply_cost: ApplyCost | None = None
    windows: list[Window] = []
    pairing: Literal["resident", "swapped"] | None = None
    converged: bool | None = None
    peak_memory_bytes: dict[str, int] = {}
    idle: Idle | None = None
    scores: Scores | None = None
    model_bytes: dict[str, int] = {}
    warnings: list[RecordWarning] = []


class RecordError(Exception):
    """A record file that cannot be read; the message names the file and the place in it."""


class TornRecord(RecordError):
    """The file is no whole record of this version: cut short, changed by hand, or made to do harm."""


def digest(value: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of ``value``'s canonical (key-sorted) JSON."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:12]


def save(record: Record, folder: Path) -> Path:
    """Writes ``record`` to ``folder/POINT_ID-N.json`` for the next free N: whole, synced, or not at all.

    Secrets that this machine knows (hub tokens, passwords) are masked wherever they stand.
    """
    content = redacted(msgspec.json.format(msgspec.json.encode(record), indent=1).decode(), known_secrets())
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
    """What every figure is divided by, or cannot be below nought."""
    for number, window in enumerate(record.windows):
        least = min([*window.energy_j.values(), window.block, window.batches or 0, *(window.latencies_s or [])])
        if window.queries < 1 or window.duration_s <= 0 or least < 0:
            raise TornRecord(f"{path.name}: windows[{number}] cannot be (queries, duration_s or a figure below nought)")


def read_run(folder: Path) -> Iterator[tuple[Path, Record | RecordError]]:
    """Every record file under ``folder/records``, in the order of their names, with what it holds or why not."""
    for path in sorted((folder / "records").glob("*.json")):
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


def headline_component(windows: list[Window]) -> str | None:
    """The component whose energy is the headline: ``gpu`` where a counter was read, else ``cpu``.

    None where neither was read in every window.
    """
    for component in ("gpu", "cpu"):
        if windows and all(component in window.energy_j for window in windows):
            return component
    return None
