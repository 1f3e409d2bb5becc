"""What the user may have meant by an unknown name: the one place of every "did you mean"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

MOST_NAMES = 5
MOST_LISTED = 100
LEAST_ALIKE = 0.6
"""Of difflib's ratio, 0 to 1: two names that are less alike than this are no likely typing mistake."""


def near_names(wrong: str, known: Iterable[str]) -> list[str]:
    """Names of ``known`` that ``wrong`` may stand for, at most ``MOST_NAMES``.

    Names that hold the word as one of their parts come first (``georgia`` is a part of ``us/georgia``), then the most
    alike.
    """
    names = list(dict.fromkeys(known))
    last = wrong.rpartition("/")[2]
    with_part = [name for name in names if last and last in re.split(r"[/_.]", name)]
    alike = difflib.get_close_matches(wrong, names, n=MOST_NAMES, cutoff=LEAST_ALIKE)
    return list(dict.fromkeys([*with_part, *alike]))[:MOST_NAMES]


def question(names: Iterable[str]) -> str:
    """``did you mean A, B? `` with a space at its end, to be followed by what else can be done; empty without names."""
    listed = ", ".join(names)
    return f"did you mean {listed}? " if listed else ""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The question for the one nearest name; empty where none is near."""
    return question(near_names(wrong, known)[:1])


def one_of(wrong: str, known: Iterable[str]) -> str:
    """What to do about an unknown name: the question for the nearest one, and all that are known where they are few."""
    names = list(known)
    listing = f"known: {', '.join(names)}" if 0 < len(names) <= MOST_LISTED else "see --help"
    return f"{did_you_mean(wrong, names)}{listing}"


def beside(path: Path, *, otherwise: str) -> str:
    """What to do about a file or folder that does not exist: take the one beside it of nearly the same name.

    Args:
        path: what does not exist.
        otherwise: said where nothing beside it has a similar name.
    """
    names = [entry.name for entry in path.parent.iterdir() if entry != path] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=LEAST_ALIKE)
    return question(str(path.parent / name) for name in close).rstrip() or otherwise
