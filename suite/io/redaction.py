"""Keeps secrets (hub tokens, passwords in URLs) out of everything that a run leaves behind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.errors import InputError

MASK = "[secret]"
_SHORTEST = 8  # characters: shorter values of such variables are switches, not secrets
_SECRET_NAME = re.compile(r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|CREDENTIALS?)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"\bhf_[A-Za-z0-9]{20,}"  # a hub token
    r"|(?<=://)[^\s/@\"\\]+(?=@)"  # user:password@ or token@ of a URL
    r"|(?<=[?&]token=)[^\s&\"\\]+"
)


def known_secrets(environment: Mapping[str, str] | None = None) -> list[str]:
    """Values of the variables that are named like secrets, and the stored hub token; the longest first."""
    variables = os.environ if environment is None else environment
    values = {value for name, value in variables.items() if _SECRET_NAME.search(name)}
    home = Path(variables.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    for file in (Path(variables["HF_TOKEN_PATH"]) if variables.get("HF_TOKEN_PATH") else None, home / "token"):
        try:
            values.add(file.read_text("utf-8").strip() if file else "")
        except (OSError, UnicodeDecodeError):
            continue  # no stored token, or none that we may read
    return sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True)


def redacted(text: str, secrets: Sequence[str] | None = None) -> str:
    """``text`` with every known secret, and whatever has the form of one, masked.

    Args:
        text: to be shown or written.
        secrets: the known ones, the longest first; None for those of this machine.
    """
    for secret in known_secrets() if secrets is None else secrets:
        text = text.replace(secret, MASK)
    return _SECRET_TEXT.sub(MASK, text)


def redact_file(path: Path, secrets: Sequence[str] | None = None) -> None:
    """Masks secrets in a text file, such as a point's log, in place; leaves a file without any untouched."""
    try:
        text = path.read_text("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return
    clean = redacted(text, secrets)
    if clean != text:
        path.write_text(clean, "utf-8", errors="surrogateescape")


def refuse_secrets(config: Mapping[str, Any], secrets: Sequence[str] | None = None) -> None:
    """Refuses a configuration that holds a secret: it would stand in every record.

    Raises:
        InputError: names the key, never the value.
    """
    for key, value in _texts(config, ""):
        if redacted(value, secrets) != value:
            raise InputError(
                "the configuration holds a secret, which would be written into every record",
                got=f"{key}={MASK}",
                remedy="put a hub token into the environment variable HF_TOKEN",
            )


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every text in ``value`` with the dotted key it stands at."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)
