"""The source of the Python standard library (PSF License), of the interpreter that runs, in splits.

Without tests, tables, optional and removed modules. Top-level modules are split by a hash of their name, so that a
package is never in two splits.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.data.splits import Split
from suite.errors import InputError

Example = Mapping[str, Any]

# fmt: off
LEFT_OUT = frozenset((
    "test", "tests", "idle_test",
    "site-packages", "dist-packages", "lib-dynload", "__pycache__", "_bundled",  # not the library's own source
    "encodings", "pydoc_data", "this", "antigravity", "__phello__",  # tables and jokes
    "idlelib", "tkinter", "turtledemo", "turtle", "lib2to3", "distutils", "ensurepip", "venv",  # packed apart
    "aifc", "asynchat", "asyncore", "cgi", "cgitb", "chunk", "crypt", "imghdr", "imp", "mailcap", "msilib", "nntplib",
    "pipes", "smtpd", "sndhdr", "sunau", "telnetlib", "uu", "xdrlib", "_bootsubprocess",  # removed by Python 3.13
))
# fmt: on


@functools.cache
def modules(split: Split) -> list[Example]:
    """The source text of each file of a split; ``source`` is its path in the library.

    Raises:
        InputError: the interpreter has no source of its library.
    """
    root = Path(sysconfig.get_path("stdlib"))
    found: list[Example] = [
        {"text": (root / path).read_text(encoding="utf-8"), "source": path.as_posix()}
        for path in library_files(root, split)
    ]
    if not found:
        raise InputError(
            "this interpreter has no source of the standard library", got=str(root), remedy="set task.data"
        )
    return found


def library_files(root: Path, split: Split) -> list[Path]:
    """Paths (relative to ``root``) of the modules of a split, sorted."""
    found: list[Path] = []
    for folder, inside, files in os.walk(root):
        place = Path(folder).relative_to(root)
        inside[:] = [name for name in inside if name not in LEFT_OUT]  # site-packages may hold very many files
        found.extend(place / file for file in files if file.endswith(".py"))
    return sorted(path for path in found if _is_in(path.with_suffix("").parts, split))


def _is_in(parts: Sequence[str], split: Split) -> bool:
    built_here = parts[0].startswith(("_sysconfig", "config-"))
    return LEFT_OUT.isdisjoint(parts) and not built_here and split_of(parts[0]) == split


def split_of(module: str) -> Split:
    """A fifth of the top-level modules is test, a tenth validation, by SHA-256: the same for any Python."""
    residue = int(hashlib.sha256(module.encode()).hexdigest(), 16) % 10
    return "test" if residue in (6, 7) else "validation" if residue == 4 else "train"
