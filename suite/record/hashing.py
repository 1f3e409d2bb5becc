"""Hashes that identify: a point, what can change its figures, the contents of a model or a data file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

WITHOUT_FIGURES = frozenset({"name", "runs_dir", "report", "isolation", "point_timeout_s", "schedule", "searchpath"})
"""Keys of a configuration that say where, when and how a point is run: none of them can change a figure."""

WHOLE_BYTES = 64 * 1024 * 1024
"""Files up to this size are read whole; of larger ones the first and last half of it, and the size."""


def digest(value: Any) -> str:
    """Twelve hexadecimal digits of the SHA-256 of ``value``'s canonical (key-sorted) JSON."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:12]


def config_hash(config: Mapping[str, Any]) -> str:
    """Hash of what can change a figure: the configuration without what only says where and how it is run."""
    return digest({key: value for key, value in config.items() if key not in WITHOUT_FIGURES})


def fingerprint(path: Path) -> str:
    """Eight hexadecimal digits of the names, sizes and contents below ``path``; wherever it lies."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    total = hashlib.sha256()
    for file in files:
        name = file.name if file == path else file.relative_to(path).as_posix()
        size = file.stat().st_size
        total.update(f"{name}\0{size}\0".encode())
        with file.open("rb") as stream:
            if size <= WHOLE_BYTES:
                total.update(stream.read())
            else:
                total.update(stream.read(WHOLE_BYTES // 2))
                stream.seek(-(WHOLE_BYTES // 2), 2)
                total.update(stream.read())
    return total.hexdigest()[:8]
