"""Keys of a configuration that hold names and paths: whatever else is given for one of them is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.errors import InputError

PLACES = ("path", "data", "file", "runs_dir", "prompts")
"""Last part of a key that holds a path, or a hub id."""
TEXTS = ("name", "revision", "student", "url", "command", "arguments", "engine", "api_key_env")
_NEEDED = ("runs_dir", "name")


def check_texts(config: Mapping[str, Any], place: str = "") -> None:
    """Looks at each of them, in every group of ``config``.

    Args:
        config: resolved, as plain containers.
        place: the key of ``config`` in a larger one.

    Raises:
        InputError: one is no text.
    """
    for key, value in config.items():
        at = f"{place}.{key}" if place else key
        if isinstance(value, dict) and (key == "data" or key not in (*PLACES, "architecture")):
            check_texts(value, at)  # data may be named by split
        elif key in (*PLACES, *TEXTS) and not isinstance(value, str) and (value is not None or key in _NEEDED):
            raise InputError(f"{at} must be a text", got=value, remedy=f"leave it out, or quote it: '{at}=\"…\"'")
