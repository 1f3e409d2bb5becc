"""Cuts texts to windows of bytes. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from suite.core.task import Example


def windows(texts: Sequence[Example], size: int, limit: int | None) -> list[Example]:
    """Each text cut to windows of at most ``size`` bytes; at most ``limit`` a text, evenly spread.

    ``source`` is the text's, or its number where it has none.
    """
    found: list[Example] = []
    for number, text in enumerate(texts):
        pieces = cut(text["text"], size)
        if limit is not None and len(pieces) > limit:
            pieces = [pieces[index * len(pieces) // limit] for index in range(limit)]
        found.extend({"text": piece, "source": text.get("source", number)} for piece in pieces)
    return found


def cut(text: str, size: int) -> list[str]:
    """``text`` cut to pieces of at most ``size`` bytes at ends of lines; longer lines are cut where they must.

    Pieces of white space only are left out.
    """
    pieces: list[str] = []
    current, used = "", 0
    for line in text.splitlines(keepends=True):
        for part in _parts(line, size):
            weight = len(part.encode())
            if used + weight > size:
                pieces.append(current)
                current, used = "", 0
            current, used = current + part, used + weight
    return [piece for piece in [*pieces, current] if piece.strip()]


def _parts(line: str, size: int) -> Iterator[str]:
    """``line`` itself, or pieces of it of at most ``size`` bytes (at least one character)."""
    if len(line.encode()) <= size:
        yield line
        return
    current, used = "", 0
    for character in line:
        weight = len(character.encode())
        if current and used + weight > size:
            yield current
            current, used = "", 0
        current, used = current + character, used + weight
    yield current
