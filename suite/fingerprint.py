"""What a file or folder holds, in a few digits: tells a retrained model or a corrected data file from the old one."""

from __future__ import annotations

import hashlib
from pathlib import Path

WHOLE_BYTES = 64 * 1024 * 1024
"""Files up to this size are read whole; of larger ones the first and last half of it, and the size."""


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
