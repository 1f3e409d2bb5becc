"""Tasks on running text: what they share. Texts are cut to windows; windows of one text are the same source."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from suite.core import checks
from suite.core.own_data import OwnData
from suite.core.task import Example, Task
from suite.data.chunks import cut, windows
from suite.data.columns import Columns
from suite.data.library_source import modules
from suite.data.splits import Split, Splits, load_splits
from suite.scoring import items


@dataclasses.dataclass(frozen=True, kw_only=True)
class Corpus(Task):
    """Texts without labels: the source of the Python standard library, or the user's own.

    Attributes:
        window_bytes: bytes of text (UTF-8) of a scored item, at most.
        windows_per_source: embedded data only: at most so many scored windows of one module, evenly spread.
    """

    window_bytes: int
    windows_per_source: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("window_bytes", "windows_per_source"):
            checks.count(f"task.{field}", getattr(self, field), least=1)

    def train(self) -> Sequence[Example]:
        """See Task."""
        return self.windows("train")

    def validation(self) -> Sequence[Example]:
        """See Task."""
        return self.windows("validation")

    def test(self) -> Sequence[Example]:
        """See Task."""
        return items.sample(self.windows("test"), self.max_scored, self.seed)

    def scored_from(self) -> str:
        """See Task."""
        embedded = self.data is None
        test_is = "the embedded test split" if embedded else _own_splits(self.data, self.seed, self._columns()).test_is
        return f"{len(self.test())} of {len(self.windows('test'))} windows of {test_is}"

    def clusters(self) -> list[int] | None:
        """See Task."""
        return items.source_numbers(self.test())

    def windows(self, split: Split) -> Sequence[Example]:
        """The windows of a split, each with its ``text`` and ``source``."""
        limit = self.windows_per_source if self.data is None and split == "test" else None
        return _cut_texts(self.data, self.seed, split, self.window_bytes, limit, self._columns())

    def pieces(self, size: int) -> list[str]:
        """The test split cut to pieces of at most ``size`` bytes; shorter than half only where all are."""
        texts = _texts(self.data, self.seed, "test", self._columns())
        found = [piece for text in texts for piece in cut(text["text"], size)]
        return [piece for piece in found if len(piece.encode()) >= size // 2] or found

    def _columns(self) -> Columns:
        return Columns(**self.columns)


@functools.cache
def _cut_texts(
    data: OwnData | None, seed: int, split: Split, size: int, limit: int | None, columns: Columns
) -> Sequence[Example]:
    return windows(_texts(data, seed, split, columns), size, limit)


def _texts(data: OwnData | None, seed: int, split: Split, columns: Columns) -> Sequence[Example]:
    if data is None:
        return modules(split)
    return _own_splits(data, seed, columns).part(split)


@functools.cache
def _own_splits(source: OwnData | None, seed: int, columns: Columns) -> Splits:
    assert source is not None
    return load_splits(source, kind="corpus", seed=seed, columns=columns)
