"""Which column of a table holds the text, the image or the label; what could be meant twice is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from suite.data.readers import Row
from suite.errors import InputError
from suite.text.suggest import one_of

COLUMNS = {
    "text": ("text", "sentence", "content", "question", "review", "utterance", "document"),
    "image": ("image", "img", "file", "path", "file_name", "filename", "image_path"),
    "sound": ("audio", "sound", "wav", "file", "path", "file_name", "audio_path"),
    "transcript": ("text", "transcript", "transcription", "sentence"),
    "words": ("words", "tokens"),
    "tags": ("tags", "ner_tags", "pos_tags", "labels", "token_labels"),
    "context": ("context", "passage", "paragraph", "text", "document"),
    "question": ("question", "query"),
    "answers": ("answers", "answer"),
    "source_text": ("document", "article", "dialogue", "text", "source", "anchor", "query", "sentence1"),
    "target_text": ("summary", "highlights", "abstract", "target", "positive", "sentence2"),
    "label": ("label", "labels", "class", "category", "coarse_label", "fine_label", "intent", "sentiment", "target"),
}
"""Names a column may have, in order of preference."""

# fmt: off
SECOND_TEXTS = (
    "text_pair", "text1", "text2", "text_1", "text_2", "text_a", "text_b", "sentence1", "sentence2", "sentence_1",
    "sentence_2", "sentence_a", "sentence_b", "question1", "question2", "question_1", "question_2", "premise",
    "hypothesis", "context", "passage", "paragraph", "query", "answer", "response",
)
# fmt: on
"""Names of a text that a model reads together with another."""

ALL = (*(name for names in COLUMNS.values() for name in names), *SECOND_TEXTS)

FIRST_WINS = (
    *("image", "sound", "transcript", "words", "tags"),
    *("context", "question", "answers", "source_text", "target_text"),
)
"""Kinds of which a table may well have several: an image has a path and a file name, a question an article's title."""
_LOOKED_AT = 100
"""Rows: enough to tell a column that is empty, or holds no text, from one that could be meant."""


def names_of(rows: Sequence[Row]) -> list[str]:
    """The columns of the first rows, in their order."""
    return list(dict.fromkeys(name for row in rows[:_LOOKED_AT] for name in row.values))


def has(rows: Sequence[Row], kind: str, named_by_user: str | None = None) -> bool:
    """Whether a column has the name that the user gave, or else one of that kind."""
    if named_by_user is not None:
        return named_by_user in names_of(rows)
    return any(name.lower() in COLUMNS[kind] for name in names_of(rows))


class Columns(NamedTuple):
    """The columns that the user names; None where a column is found by its name."""

    input: str | None = None
    label: str | None = None


ANY = Columns()


def chosen(rows: Sequence[Row], kind: str, named_by_user: str | None = None, *, pairs: bool = True) -> str:
    """The column that holds the ``text``, the ``image``, the ``label`` or another part of each row.

    Args:
        rows: at least one.
        kind: a key of ``COLUMNS``.
        named_by_user: this one and no other.
        pairs: False where a second text beside the first means nothing.

    Raises:
        InputError: there is none, or more than one that could be meant.
    """
    known, place = COLUMNS[kind], rows[0].place
    if named_by_user is not None:
        if named_by_user not in names_of(rows):
            remedy = one_of(named_by_user, names_of(rows))
            raise InputError(f"the data has no such column ({place})", got=named_by_user, remedy=remedy)
        return named_by_user
    named = sorted(
        (name for name in names_of(rows) if name.lower() in known), key=lambda name: known.index(name.lower())
    )
    if not named:
        remedy = f"name one of them {' or '.join(known[:3])}"
        raise InputError(f"the data has no {kind} column ({place})", got=names_of(rows), remedy=remedy)
    if kind in FIRST_WINS:
        return named[0]
    found = [name for name in named if _is_filled(rows, name, kind)] or named[:1]
    if kind == "text" and pairs:
        found += [name for name in names_of(rows) if name.lower() in SECOND_TEXTS and _is_filled(rows, name, kind)]
    if len(found) > 1:
        pair = " (a model of text pairs is no model of this task)" if kind == "text" else ""
        key = "label" if kind == "label" else "input"
        remedy = f"name one, task.columns.{key}={found[0]}{pair}"
        raise InputError(f"several columns of the data could be the {kind} ({place})", got=found, remedy=remedy)
    return found[0]


def _is_filled(rows: Sequence[Row], name: str, kind: str) -> bool:
    values: list[Any] = [row.values.get(name) for row in rows[:_LOOKED_AT]]
    if kind == "text":
        return any(isinstance(value, str | bytes) and value for value in values)
    return any(value is not None and value != "" for value in values)
