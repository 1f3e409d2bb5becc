"""Words of the Python standard library's source, each with what it is: the embedded data of token classification.

What a word is comes from Python's own ``tokenize``. Marks that spell it out (quotes, prefixes of strings, ``#``) are
taken out of the text, and texts in quotes or comments are cut into words and marks as code is.
"""

from __future__ import annotations

import functools
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from suite.data.library_source import Example, modules
from suite.data.splits import Split

TAGS = ("comment", "docstring", "keyword", "name", "number", "operator", "string")
WINDOW_WORDS = 48
"""Consecutive words of one module; about 100 tokens of the embedded model."""
TEST_WINDOWS = 16
"""Of one module at most, evenly spread, so that long modules do not rule the score."""
LONGEST_WORD = 40
"""Characters; longer ones are tables in disguise."""
_PIECES = re.compile(r"\w+|[^\w\s]+")
_SPELT_OUT = re.compile(r"[\"'`#\\]")
_PREFIX = re.compile(r"^[A-Za-z]{0,2}(?=[\"'])")


class Word(NamedTuple):
    """A word and its tag."""

    text: str
    tag: str


@functools.cache
def tagged_windows(split: Split) -> list[Example]:
    """Windows of ``WINDOW_WORDS`` words with ``labels``; ``source`` is the module."""
    found: list[Example] = []
    for module in modules(split):
        words = words_of(module["text"])
        starts = list(range(0, len(words) - WINDOW_WORDS + 1, WINDOW_WORDS))
        if split == "test" and len(starts) > TEST_WINDOWS:
            starts = [starts[index * len(starts) // TEST_WINDOWS] for index in range(TEST_WINDOWS)]
        found.extend(_example(words[start : start + WINDOW_WORDS], module["source"]) for start in starts)
    return found


def _example(words: Sequence[Word], source: str) -> Example:
    texts, labels = tuple(word.text for word in words), tuple(word.tag for word in words)
    return {"text": " ".join(texts), "words": texts, "labels": labels, "source": source}


def words_of(source: str) -> list[Word]:
    """All words of a module in order."""
    return [word for text, tag in _tokens(source) for word in _words(text, tag)]


def _words(text: str, tag: str) -> Iterator[Word]:
    if tag in ("comment", "docstring", "string"):
        plain = _SPELT_OUT.sub(" ", _PREFIX.sub("", text))
        yield from (Word(piece, tag) for piece in _PIECES.findall(plain) if len(piece) <= LONGEST_WORD)
    elif len(text) <= LONGEST_WORD:
        yield Word(text, tag)


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    """Text and tag of each token that has one. A formatted string is one token, as before Python 3.12."""
    starts_line, depth, pieces = True, 0, [""]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            depth += 1
        if depth:
            pieces.append(token.string)
            depth -= kind.endswith("STRING_END")
            if not depth:
                yield " ".join(pieces), "string"
                pieces = [""]
        elif (tag := _tag(token, starts_line)) is not None:
            yield token.string, tag
        if kind != "COMMENT" and kind != "NL":
            starts_line = kind in ("NEWLINE", "INDENT", "DEDENT", "ENCODING")


def _tag(token: tokenize.TokenInfo, starts_line: bool) -> str | None:
    """None for white space; a string that is a whole line is documentation."""
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else "name"
    if token.type == tokenize.STRING:
        return "docstring" if starts_line else "string"
    return {tokenize.NUMBER: "number", tokenize.OP: "operator", tokenize.COMMENT: "comment"}.get(token.type)
