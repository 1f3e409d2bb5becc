"""Does the user mean a place on this machine or a hub id, and what did they mean where nothing is there?"""

from __future__ import annotations

import difflib
from pathlib import Path


def is_local(text: str) -> bool:
    """True if ``text`` means a path of this machine, whether it exists or not; else it is a hub id."""
    path = Path(text)
    return text[:1] in (".", "/", "~") or path.exists() or (len(path.parts) > 1 and Path(path.parts[0]).is_dir())


def nearest(path: Path) -> str | None:
    """``did you mean …?`` with the most similar name beside ``path``; None where nothing is similar."""
    names = [entry.name for entry in path.parent.iterdir() if entry != path] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"did you mean {path.parent / close[0]}?" if close else None
