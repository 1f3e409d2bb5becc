"""Hashes that identify: a point, what can change its figures, the contents of a model or a data file."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

WITHOUT_FIGURES = frozenset(
    {"name", "runs_dir", "report", "isolation", "point_timeout_s", "schedule", "searchpath", "search"}
)
"""Keys of a configuration that say where, when and how a point is run: none of them can change a figure."""

IDLE = {"student": None, "hidden_weight": 0.0}
"""Parameters that techniques got later, at the value at which they do as they did without: older records lack them."""

_CHUNK_BYTES = 4 * 1024 * 1024


def digest(value: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of ``value``'s canonical (key-sorted) JSON."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:12]


def config_hash(config: Mapping[str, Any]) -> str:
    """Hash of what can change a figure: the configuration without what only says where and how it is run."""
    kept = {key: value for key, value in config.items() if key not in WITHOUT_FIGURES}
    if isinstance(kept.get("task"), Mapping):
        kept["task"] = without_words(kept["task"])
    if isinstance(kept.get("endpoint"), Mapping):
        kept["endpoint"] = _without_pids(kept["endpoint"])
    if isinstance(config.get("mitigation"), Mapping):
        kept["mitigation"] = without_idle(config["mitigation"])
    return digest(kept)


def without_words(task: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a task, and of a task within it, without what changes no figure.

    That is what a query is called, and the keys of lm-evaluation-harness where none of its tasks is asked for.
    """
    return {
        key: without_words(value) if isinstance(value, Mapping) else value
        for key, value in task.items()
        if key != "query" and not (key == "lm_eval" and not (value or {}).get("tasks"))
    }


def _without_pids(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of servers without the numbers of their processes, which are others after each start."""
    return {
        name: {key: value for key, value in settings.items() if key != "pid"}
        if isinstance(settings, Mapping)
        else settings
        for name, settings in endpoint.items()
    }


def without_idle(techniques: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of ``techniques`` by name, without parameters whose value changes nothing."""
    return {
        name: {key: value for key, value in settings.items() if key not in IDLE or value != IDLE[key]}
        if isinstance(settings, Mapping)
        else settings
        for name, settings in techniques.items()
    }


def fingerprint(path: Path) -> str:
    """Eight hexadecimal digits of the names, sizes and contents below ``path``, read whole; wherever it lies.

    A process reads files once, as long as their sizes and times of change stay as they were.
    """
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    states = [(file, file.stat()) for file in files]
    return _fingerprint(
        path, tuple((file, state.st_size, state.st_mtime_ns, state.st_ctime_ns) for file, state in states)
    )


@functools.cache
def _fingerprint(path: Path, files: tuple[tuple[Path, int, int, int], ...]) -> str:
    total = hashlib.sha256()
    for file, size, *_ in files:
        name = file.name if file == path else file.relative_to(path).as_posix()
        total.update(f"{name}\0{size}\0".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                total.update(chunk)
    return total.hexdigest()[:8]


def own_name(place: str) -> str:
    """What the user's own model or data is called: a hub id as it is, a path by its last part and its contents."""
    path = Path(place).expanduser()
    return f"{path.resolve().name}@{fingerprint(path)}" if path.exists() else place
