"""JSON that may stand inside a page."""

from __future__ import annotations

from typing import Any

import msgspec


def safe_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    encoded = msgspec.json.encode(value).decode()
    for character in "<>&":
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    return encoded
