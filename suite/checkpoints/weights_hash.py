"""The model card beside a checkpoint: the hash it states of the weights."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from suite.errors import InputError


def model_hash(folder: Path) -> str | None:
    """``model_sha256`` of the front matter of ``folder``'s model card; None where the card does not state one."""
    card = folder / "README.md"
    if not card.is_file():
        return None
    front = re.match(r"---\r?\n(.*?)\r?\n---", card.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
    stated = re.search(r"^model_sha256:\s*[\"']?([0-9A-Fa-f]{64})\b", front.group(1), re.MULTILINE) if front else None
    return stated.group(1).lower() if stated else None


def file_hash(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_of(folder: Path) -> str:
    """Of the model in ``folder``: ``ok``, ``missing``, ``damaged`` or ``no hash``."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return "missing"
    stated = model_hash(folder)
    if stated is None:
        return "no hash"
    return "ok" if file_hash(weights) == stated else "damaged"


def check_hash(folder: Path) -> None:
    """Compares ``model.safetensors`` with the hash that the folder's card states, if it states one.

    Raises:
        InputError: they differ; the message has both.
    """
    stated, weights = model_hash(folder), folder / "model.safetensors"
    if stated is None or not weights.is_file():
        return
    found = file_hash(weights)
    if found != stated:
        what = f"{weights} is not the file its README.md describes (model_sha256 {stated})"
        raise InputError(what, got=found, remedy="restore the file, or train it again with `make models`")
