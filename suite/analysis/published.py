"""What others published about the techniques of this suite, as changes in per cent where that can be said.

``data/published_effects.csv`` has one row a figure. ``low_percent`` and ``high_percent`` are the ends of what was
published, alike for a single figure and empty where only a tendency was. A ``bound`` of ``up_to`` is somebody's best
case and not an effect that was found, so it is never drawn. ``read_from`` says what was read of the source: an abstract
is shown as one. Rows of one ``series`` are figures of one source for several ranges of batch sizes. What a row
compares, and under which conditions, is prose and stands with the report (``suite.report.prose.published_words``),
under the same ``id``.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from suite.io.tables import read_csv

DATA = Path(__file__).parent / "data" / "published_effects.csv"
Measure = Literal["energy", "time", "parameters", "quality"]
Bound = Literal["up_to", "at_least", "about"]
Confidence = Literal["high", "medium", "low-medium"]
ReadFrom = Literal["full_text", "raw_data", "processed_data", "abstract", "quotation", "web_page", "second_hand"]
DRAWN: tuple[Measure, ...] = ("energy", "time")
"""Measures that may stand beside a change of energy: energy itself, and time, its nearest kin."""


class PublishedEffect(msgspec.Struct, frozen=True, kw_only=True):
    """One published figure.

    Attributes:
        id: of the row.
        family: techniques that are discussed together.
        techniques: names of this suite's techniques that it concerns, with ``*`` for any ending; separated by spaces.
        measure: what changed.
        low_percent: the lower end of the change; None where no figure was given.
        high_percent: the upper end.
        median_percent: the middle, where the ends are a range over several models or tasks.
        bound: how the figure was given, where not as it stands.
        unit: of what was measured.
        hardware: as far as it was said.
        batch_low: the smallest batch size that it holds at, of both arms; None where that was not said.
        batch_high: the largest.
        series: shared by figures of one source for several ranges of batch sizes.
        source: who published it.
        read_from: what was read of the source.
        confidence: how well the source supports it.
    """

    id: str
    family: str
    techniques: str
    measure: Measure
    low_percent: float | None
    high_percent: float | None
    median_percent: float | None
    bound: Bound | None
    unit: str | None
    hardware: str | None
    batch_low: int | None
    batch_high: int | None
    series: str | None
    source: str
    read_from: ReadFrom
    confidence: Confidence

    @property
    def ratios(self) -> tuple[float, ...]:
        """The change as ratios, one for a single figure; empty where it is none of energy or time, or a best case."""
        if self.low_percent is None or self.high_percent is None or self.measure not in DRAWN or self.bound == "up_to":
            return ()
        return tuple(dict.fromkeys(1 + percent / 100 for percent in (self.low_percent, self.high_percent)))

    @property
    def median_ratio(self) -> float | None:
        """The middle of a range as a ratio."""
        return None if self.median_percent is None else 1 + self.median_percent / 100

    def holds_at(self, batch_size: int) -> bool:
        """Whether it was found at that batch size."""
        return (
            self.batch_low is not None
            and self.batch_high is not None
            and (self.batch_low <= batch_size <= self.batch_high)
        )

    def concerns(self, technique: str) -> bool:
        """Whether it is about a technique of that name."""
        return any(fnmatchcase(technique, pattern) for pattern in self.techniques.split())


@functools.cache
def published_effects() -> tuple[PublishedEffect, ...]:
    """All rows of the table, in its order."""
    return tuple(read_csv(DATA, PublishedEffect))


def effects_on(techniques: Collection[str]) -> dict[str, list[PublishedEffect]]:
    """Rows that concern one of ``techniques`` at least, by family."""
    found: dict[str, list[PublishedEffect]] = {}
    for effect in published_effects():
        if any(effect.concerns(technique) for technique in techniques):
            found.setdefault(effect.family, []).append(effect)
    return found


def series_on(technique: str) -> list[tuple[PublishedEffect, ...]]:
    """Changes of energy that one source published for several ranges of batch sizes, by rising batch size.

    The series of most ranges come first.
    """
    found: dict[str, list[PublishedEffect]] = {}
    for effect in published_effects():
        if effect.series and effect.measure == "energy" and effect.ratios and effect.concerns(technique):
            found.setdefault(effect.series, []).append(effect)
    series = [tuple(sorted(effects, key=lambda effect: effect.batch_low or 0)) for effects in found.values()]
    return sorted(series, key=len, reverse=True)
