"""Items made of CLDR's names: questions on a list of translations, and pairs of names of one thing in two languages.

Names are split as ``suite.data.cldr_names`` does it: nothing named in the test split is seen in training in any
language. Names that few languages have are test items only.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

from suite.data.cldr_names import LANGUAGES, Names, cldr_names, rare_names, split_of
from suite.data.library_source import Example
from suite.data.splits import Split
from suite.data.structured import Answer

TRAIN_QUESTIONS = 24_000
TRAIN_PAIRS = 48_000
ITEMS_PER_NAME = 2
"""Of validation and test, in languages drawn for each."""
PAIRS = 4
"""Lines of a list in validation and test; those of train have 2 to ``PAIRS``, since short lists are learned first."""


@functools.cache
def questions(split: Split) -> list[Example]:
    """Lists of "name: translation" of one language; the question is a name, the answer its translation."""
    generator = random.Random(f"{split} questions")
    keys = _keys(split)
    asked = [generator.choice(keys) for _ in range(TRAIN_QUESTIONS)] if split == "train" else keys * ITEMS_PER_NAME
    found = []
    for names in asked:
        language = generator.choice([code for code in LANGUAGES if _is_translated(names, code)] or ["en"])
        count = generator.randint(2, PAIRS) if split == "train" else PAIRS
        if language != "en":
            found.append(_question(names, language, keys, count, generator))
    return found


def _is_translated(names: Names, language: str) -> bool:
    """An answer that is spelt like its question could be read off the question."""
    return _fits_a_line(names, language) and names[language].casefold() != names["en"].casefold()


def _fits_a_line(names: Names, language: str) -> bool:
    return language in names and "; " not in names[language] and ": " not in names[language]


def _question(asked: Names, language: str, keys: Sequence[Names], count: int, generator: random.Random) -> Example:
    others: list[Names] = []
    while len(others) < count - 1:
        names = generator.choice(keys)
        if _fits_a_line(names, language) and names["en"] not in {asked["en"], *(other["en"] for other in others)}:
            others.append(names)
    listed = [asked, *others]
    generator.shuffle(listed)
    lines = [f"{names['en']}: {names[language]}" for names in listed]
    before = listed.index(asked)
    start = sum(len(line) + len("; ") for line in lines[:before]) + len(asked["en"]) + len(": ")
    answer = Answer(asked[language], start)
    return {"text": "; ".join(lines), "question": asked["en"], "answers": (answer,), "source": asked["en"]}


@functools.cache
def translations(split: Split) -> list[Example]:
    """A name (``text``) and the name of the same thing in another language (``target``).

    Of validation and test a thing has one target, in a language drawn for it, whatever language asks.
    """
    generator = random.Random(f"{split} translations")
    keys = _keys(split)
    if split == "train":
        return [_pair(names, generator.sample(list(names), 2)) for names in generator.choices(keys, k=TRAIN_PAIRS)]
    return [
        _pair(names, (language, target))
        for names in keys
        for target, *asking in [generator.sample(list(names), 1 + ITEMS_PER_NAME)]
        for language in asking
    ]


def _pair(names: Names, languages: Sequence[str]) -> Example:
    text, target = (names[language] for language in languages)
    return {"text": text, "target": target, "source": names["en"]}


def _keys(split: Split) -> list[Names]:
    common = [names for names in cldr_names() if split_of(names["en"]) == split]
    return [*common, *rare_names()] if split == "test" else common
