"""Rows of a table to examples that hold more than a text and its label: tagged words, questions, pairs of texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from suite.data import columns
from suite.data.columns import Columns
from suite.data.labels import ClassNumber, decoded
from suite.data.readers import Row
from suite.errors import InputError

Example = Mapping[str, Any]
StructuredKind = Literal["words", "question", "pair"]


class Answer(NamedTuple):
    """An answer as it stands in its context.

    Attributes:
        text: never empty.
        start: its first character's place in the context.
    """

    text: str
    start: int


def structured(rows: Sequence[Row], kind: StructuredKind, wanted: Columns) -> list[Example]:
    """The examples of a table.

    Args:
        rows: at least one.
        kind: ``words``: ``words`` and ``labels`` of the same number, and ``text``, the words joined; ``question``:
            ``text`` (the context), ``question`` and ``answers``; ``pair``: ``text`` and ``target``.
        wanted: columns that the user names.

    Raises:
        InputError: no fitting column, or a row that does not hold what it should.
    """
    return _MAKERS[kind](rows, wanted)


def _words(rows: Sequence[Row], wanted: Columns) -> list[Example]:
    of_words = columns.chosen(rows, "words", wanted.input)
    of_tags = columns.chosen(rows, "tags", wanted.label)
    return [_tagged(row, of_words, of_tags) for row in rows]


def _tagged(row: Row, of_words: str, of_tags: str) -> Example:
    words, tags = (_list(row, column) for column in (of_words, of_tags))
    if len(words) != len(tags):
        what = f"there are {len(words)} words and {len(tags)} tags ({row.place})"
        raise InputError(what, got=list(tags), remedy="give one tag a word")
    if not words:
        raise InputError(f"the text is empty ({row.place})", got=[], remedy="remove the row")
    for word in words:
        if not isinstance(word, str) or not word.strip():
            raise InputError(f"a word is empty ({row.place})", got=word, remedy="correct the row")
    for tag in tags:
        if isinstance(tag, bool) or not isinstance(tag, str | int | ClassNumber):
            raise InputError(f"a tag must be a name or a whole number ({row.place})", got=tag, remedy="correct the row")
    return {"text": " ".join(words), "words": tuple(words), "labels": tuple(tags)}


def _list(row: Row, column: str) -> Sequence[Any]:
    value = row.values.get(column)
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list | tuple) or isinstance(value, ClassNumber):
        raise InputError(f"{column} must be a list ({row.place})", got=value, remedy='write ["one", "word", "each"]')
    return value


def _questions(rows: Sequence[Row], wanted: Columns) -> list[Example]:
    context = columns.chosen(rows, "context", wanted.input)
    question = columns.chosen(rows, "question")
    answers = columns.chosen(rows, "answers", wanted.label)
    found = [_question(row, context, question, answers) for row in rows]
    return [example for example in found if example is not None]


def _question(row: Row, of_context: str, of_question: str, of_answers: str) -> Example | None:
    """None for a question that its context does not answer."""
    context, question = (filled(row, column) for column in (of_context, of_question))
    answers = _answers(row.values.get(of_answers), context, row)
    return {"text": context, "question": question, "answers": answers} if answers else None


def _answers(value: Any, context: str, row: Row) -> tuple[Answer, ...]:
    """From SQuAD's ``{"text": […], "answer_start": […]}``, or from a text or several that stand in the context."""
    if isinstance(value, Mapping):
        texts, starts = (_several(value.get(name)) for name in ("text", "answer_start"))
    else:
        texts, starts = _several(value), []
    starts = starts or [None] * len(texts)
    if len(texts) != len(starts):
        raise InputError(
            f"answers and their places differ in number ({row.place})", got=value, remedy="correct the row"
        )
    return tuple(_answer(text, start, context, row) for text, start in zip(texts, starts, strict=True))


def _several(value: Any) -> list[Any]:
    """A list as it is, one value as a list of it, none as an empty one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _answer(text: Any, start: Any, context: str, row: Row) -> Answer:
    _check_answer(text, start, row)
    found: int = context.find(text) if start is None else start
    if found < 0 or context[found : found + len(text)] != text:
        what = f"the answer does not stand in its context{'' if start in (None, -1) else f' at {start}'} ({row.place})"
        raise InputError(what, got=text, remedy="give a span of the context, and the place of its first character")
    return Answer(text, found)


def _check_answer(text: Any, start: Any, row: Row) -> None:
    if not isinstance(text, str):
        remedy = 'write "answers": ["Rome"], or {"text": ["Rome"], "answer_start": [13]}'
        raise InputError(f"an answer is no text ({row.place})", got=text, remedy=remedy)
    if not text.strip():
        raise InputError(f"an answer is empty ({row.place})", got=text, remedy="correct or remove the row")
    if isinstance(start, bool) or not isinstance(start, int | None):
        remedy = "give the number of characters before it in the context"
        raise InputError(f"an answer's place is no whole number ({row.place})", got=start, remedy=remedy)


def _pairs(rows: Sequence[Row], wanted: Columns) -> list[Example]:
    of_text = columns.chosen(rows, "source_text", wanted.input)
    of_target = columns.chosen(rows, "target_text", wanted.label)
    return [{"text": filled(row, of_text), "target": filled(row, of_target)} for row in rows]


def filled(row: Row, column: str) -> str:
    """The text of a column.

    Raises:
        InputError: it is empty, or no text.
    """
    value = row.values.get(column)
    if isinstance(value, bytes):
        value = decoded(value, column, row.place)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{column} is empty ({row.place})", got=value, remedy="correct or remove the row")
    return value


_MAKERS: dict[StructuredKind, Callable[[Sequence[Row], Columns], list[Example]]] = {
    "words": _words,
    "question": _questions,
    "pair": _pairs,
}
