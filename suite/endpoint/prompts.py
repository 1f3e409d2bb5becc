"""Prompts of a served model: the user's own lines with their answers, and how an answer is scored."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from suite.data.readers import Row, read
from suite.errors import InputError
from suite.scoring.answers import exact_match

Metric = Literal["exact_match", "choice"]
COLUMNS = ("prompt", "answer", "answers", "choices", "arrives_s")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prompt:
    """One prompt.

    Attributes:
        text: of it.
        answers: that are right; empty where it is not scored.
        choices: that an answer may name; empty where it is free.
        arrives_s: seconds from the start of a run at which it arrives; None where the load says.
    """

    text: str
    answers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    arrives_s: float | None = None


@functools.cache
def read_prompts(path: Path) -> tuple[Prompt, ...]:
    """The lines of a table (jsonl, csv, parquet) with a column ``prompt``.

    Raises:
        InputError: it cannot be read, or a line is wrong.
    """
    if not path.is_file():
        raise InputError("the file of prompts does not exist", got=str(path), remedy="give workload.prompts=FILE.jsonl")
    return tuple(_prompt(row) for row in read(path))


def _prompt(row: Row) -> Prompt:
    values = row.values
    text = values.get("prompt")
    if not isinstance(text, str) or not text:
        raise InputError("a line has no prompt", got=f"{row.place}: {text!r}", remedy="give each line a text 'prompt'")
    answers = _texts(row, "answers") or _texts(row, "answer")
    choices = _texts(row, "choices")
    if choices and answers and not set(answers) <= set(choices):
        raise InputError("an answer is none of its choices", got=f"{row.place}: {answers}", remedy="spell it as there")
    return Prompt(text=text, answers=answers, choices=choices, arrives_s=_moment(row))


def _texts(row: Row, column: str) -> tuple[str, ...]:
    value = row.values.get(column)
    if value is None:
        return ()
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise InputError(
            f"{column} must be a text or a list of texts", got=f"{row.place}: {value!r}", remedy="quote it"
        )
    return tuple(found)


def _moment(row: Row) -> float | None:
    value = row.values.get("arrives_s")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        got = f"{row.place}: {value!r}"
        raise InputError("arrives_s must be seconds of at least 0", got=got, remedy="give when it arrives in a run")
    return float(value)


def listed_s(prompts: Sequence[Prompt]) -> tuple[float, ...]:
    """When the prompts arrive, one after another.

    Raises:
        InputError: one does not say so, or comes before the one above it.
    """
    moments = [prompt.arrives_s for prompt in prompts]
    known = [each for each in moments if each is not None]
    if len(known) < len(moments) or known != sorted(known) or known[-1] <= 0:
        remedy = "give every line of workload.prompts a rising arrives_s, the last above 0"
        raise InputError("listed arrivals need a moment for each prompt", got=moments[:5], remedy=remedy)
    return tuple(known)


def scored(prompts: Sequence[Prompt], metric: Metric) -> list[Prompt]:
    """Those that have an answer to be scored by.

    Raises:
        InputError: ``metric`` is ``choice`` and one has no choices.
    """
    found = [prompt for prompt in prompts if prompt.answers]
    bare = next((prompt for prompt in found if not prompt.choices), None)
    if metric == "choice" and bare is not None:
        raise InputError(
            "a prompt has an answer and no choices", got=bare.text[:80], remedy="list choices on each line"
        )
    return found


def score(prompt: Prompt, answer: str, metric: Metric) -> float:
    """1.0 where ``answer`` is right, else 0.0.

    ``exact_match`` leaves out capitals, punctuation and articles; of ``choice`` the answer is the choice that it names
    first as a whole word, the longest where two begin at one place.
    """
    if metric == "exact_match":
        return exact_match(answer, prompt.answers)
    return float(_named_first(answer, prompt.choices) in prompt.answers)


def _named_first(answer: str, choices: Sequence[str]) -> str | None:
    places = {choice: re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", answer, re.IGNORECASE) for choice in choices}
    found = [(place.start(), -len(choice), choice) for choice, place in places.items() if place]
    return min(found)[2] if found else None


def chance(prompts: Sequence[Prompt], metric: Metric) -> float | None:
    """What answers that do not look at a prompt would score; None where answers are free."""
    if metric != "choice" or not prompts:
        return None
    return fmean(len(set(prompt.answers)) / len(set(prompt.choices)) for prompt in prompts)


def of_examples(examples: Sequence[Mapping[str, Any]]) -> tuple[Prompt, ...]:
    """The texts of a task's queries as prompts.

    Raises:
        InputError: its queries are no texts.
    """
    texts = [example.get("text") for example in examples]
    if not all(isinstance(text, str) and text for text in texts):
        remedy = "give workload.prompts=FILE.jsonl, or task=text_generation"
        raise InputError("a served model is asked texts, and the task has others", got=list(examples[0]), remedy=remedy)
    return tuple(Prompt(text=str(text)) for text in texts)
