"""Sentences in pieces, of which the strong ones are the figures and names."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a sentence; the strong ones are the figures and names."""

    words: str
    strong: bool = False


def parts(sentence: str, **fields: str) -> tuple[Part, ...]:
    """A sentence with strong pieces between ``**`` and fields in braces; what the fields hold is taken as it is."""
    pieces = sentence.split("**")
    return tuple(Part(piece.format(**fields), strong=bool(number % 2)) for number, piece in enumerate(pieces) if piece)
