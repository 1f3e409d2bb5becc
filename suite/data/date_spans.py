"""Itineraries of three dates, written out in full, and the span of them in short, in 10 languages, in splits.

How a language writes a date in full, and the short form of a span, come from the Unicode Common Locale Data Repository
(Unicode License v3), as Babel ships it: "Monday, March 3, 2025; Friday, March 7, 2025; Wednesday, March 19, 2025" is in
short "Mar 3-19, 2025". Spans are split by a hash of their first and last day, so that no span is in two splits, in
any language; each item has a span of its own.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from suite.data.splits import Split

LANGUAGES = ("en", "it", "fr", "de", "es", "pt", "nl", "sv", "pl", "tr")
FIRST_DAY = datetime.date(2000, 1, 1)
DAYS = 366 * 30
"""Spans begin on one of so many days."""
LONGEST = {"month": 25, "year": 200, "years": 900}
"""Days of a span, at most, where its dates shall share month and year, the year, or neither (as far as they do)."""
SIZES: dict[Split, int] = {"train": 6000, "validation": 300, "test": 600}

Example = Mapping[str, Any]


class Itinerary(NamedTuple):
    """Three days in their order."""

    first: datetime.date
    middle: datetime.date
    last: datetime.date


def split_of(days: Itinerary) -> Split:
    """A fifth of the spans is test, a tenth validation, by SHA-256."""
    residue = int(hashlib.sha256(f"{days.first} {days.last}".encode()).hexdigest(), 16) % 10
    return "test" if residue < 2 else "validation" if residue == 2 else "train"


@functools.cache
def date_spans(split: Split) -> list[Example]:
    """The items of a split: ``text``, the dates in full; ``target``, their span in short."""
    generator = random.Random(f"{split} spans")
    drawn: dict[tuple[datetime.date, datetime.date], Itinerary] = {}
    while len(drawn) < SIZES[split]:
        days = _draw(generator)
        if split_of(days) == split:
            drawn.setdefault((days.first, days.last), days)
    return [_item(days, LANGUAGES[number % len(LANGUAGES)]) for number, days in enumerate(drawn.values())]


def _draw(generator: random.Random) -> Itinerary:
    first = FIRST_DAY + datetime.timedelta(days=generator.randrange(DAYS))
    length = generator.randint(2, LONGEST[generator.choice(sorted(LONGEST))])
    middle = generator.randint(1, length - 1)
    return Itinerary(first, *(first + datetime.timedelta(days=days) for days in (middle, length)))


def _item(days: Itinerary, language: str) -> Example:
    from babel.dates import format_date, format_interval  # only this task need pay for them

    text = "; ".join(format_date(day, "full", locale=language) for day in days)
    return {"text": text, "target": format_interval(days.first, days.last, "yMMMd", locale=language)}
