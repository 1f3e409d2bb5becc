"""A point's log: all that its process prints, and each stage with the moment it began."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
import sys
from pathlib import Path


def print_into(path: Path) -> None:
    """Sends this process's output to the end of ``path``, that of its libraries and children included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file, whatever the terminal can show
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def note(stage: str) -> None:
    """A line with the moment, from which one can read what the point spent its time on."""
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    with contextlib.suppress(OSError):  # a full disk takes the log, not the point
        print(moment, stage, flush=True)
