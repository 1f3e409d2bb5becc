"""Does the user mean a place on this machine or a hub id?"""

from __future__ import annotations

from pathlib import Path


def is_local(text: str) -> bool:
    """True if ``text`` means a path of this machine, whether it exists or not; else it is a hub id."""
    path = Path(text)
    return text[:1] in (".", "/", "~") or path.exists() or (len(path.parts) > 1 and Path(path.parts[0]).is_dir())
