"""A tool's command, timed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def timed(command: Sequence[str | Path], folder: Path, **environment: str) -> tuple[float, str]:
    """Seconds from the command's start to its end, and what it printed.

    Raises:
        SystemExit: it failed; with the end of what it said.
    """
    began_s = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    wall_s = time.perf_counter() - began_s
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return wall_s, done.stdout
