"""The user's own data as examples in three splits.

Splits that the data comes with are kept, and a test split that is named is scored whole. Data in one piece is cut
70/10/20 into train, validation and test by a hash of each item's content and the seed, so the order of the rows does
not matter and equal items stay together. No item of one split occurs in another: test keeps it, validation comes next,
train loses it. Items that a test split repeats stay in it and share a source, so that an interval counts them once.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from suite.core.own_data import OwnData, OwnSplits
from suite.data.columns import ANY, Columns
from suite.data.examples import Example, Kind, Wanted
from suite.data.images import ImageExample
from suite.data.pieces import FEWEST, Pieces, pieces_of
from suite.errors import InputError, NotApplicable

Split = Literal["train", "validation", "test"]


@dataclasses.dataclass(frozen=True)
class Splits:
    """Examples apart: train for techniques, validation for fixing recipes, test for scores and queries.

    Attributes:
        train: empty where the data is a test split alone; so is validation then.
        validation: apart from both others.
        test: never empty.
        test_is: for people, what the test split is: ``reviews.jsonl``, ``the test split of REVIEWS``.
    """

    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    test_is: str

    def part(self, split: Split) -> Sequence[Example]:
        """The examples of one split.

        Raises:
            NotApplicable: the data has none but the test split.
        """
        found: Sequence[Example] = getattr(self, split)
        if not found:
            what = f"{self.test_is} is all scored, and there is no other data to train on"
            raise NotApplicable(f"{what}: set task.data.train=FILE (beside task.data.test=FILE)")
        return found


def load_splits(source: OwnData, *, kind: Kind, seed: int, columns: Columns = ANY) -> Splits:
    """Reads what ``task.data`` tells.

    Args:
        source: a .jsonl, .ndjson, .json, .csv, .tsv or .parquet file (or .gz of one); a folder with train, validation
            and test files; for images a folder of class folders, or one with a ``labels`` or ``metadata`` table of file
            and label; for a corpus a .txt file or a folder of .txt, .md and .py files; or a hub id, as ``id`` or
            ``id:config``. Or one of them for the test split and one for train.
        kind: what an example holds: ``image`` and ``label``, ``text`` and ``label``, or ``text`` and ``source``; or see
            ``suite.data.structured``.
        seed: of the cut of data that comes in one piece.
        columns: that the user names.

    Returns:
        Splits. Labels are as found, integers, strings or a data set's own class numbers.

    Raises:
        InputError: nothing is there, it cannot be read, or it has no fitting columns, labels or size.
        NotApplicable: the hub is out of reach, or access is refused.
    """
    if isinstance(source, OwnSplits):
        splits = _named(source, Wanted(kind, columns), seed)
    else:
        splits = _arrange(pieces_of(source, Wanted(kind, columns)), source, kind, seed)
    labels = {example["label"] for part in (splits.train, splits.test) for example in part if "label" in example}
    if kind in ("image", "text") and len(labels) < 2:
        remedy = "give data with two classes or more"
        raise InputError("the data has a single class", got=next(iter(labels)), remedy=remedy)
    return dataclasses.replace(splits, test=_with_sources(splits.test))


def _named(source: OwnSplits, wanted: Wanted, seed: int) -> Splits:
    """The test split as it came; validation comes from the training data."""
    pieces = _usable(pieces_of(source.test, wanted), source.test, wanted.kind)
    name = _one_of(pieces, ("test", "validation"), source.test)
    test_is = _name_of(source.test) if len(pieces) == 1 else f"the {name} split of {_name_of(source.test)}"
    if source.train is None:
        return Splits(train=(), validation=(), test=pieces[name], test_is=test_is)
    others = _usable(pieces_of(source.train, wanted), source.train, wanted.kind)
    chosen = {"test": pieces[name], "train": others[_one_of(others, ("train",), source.train)]}
    validation = _without(others.get("validation", []), chosen["test"]) if len(others) > 1 else []
    if validation:
        chosen["validation"] = validation
    return dataclasses.replace(_keep(chosen, source.train, seed), test_is=test_is)


def _usable(pieces: Pieces, source: str, kind: Kind) -> Pieces:
    """The pieces that hold anything: rows without text, questions without an answer and secret labels were left out."""
    found = {name: examples for name, examples in pieces.items() if examples}
    if not found:
        lacking = {"corpus": "text", "question": "answers"}.get(kind, "labels")
        raise InputError(f"the data has no {lacking}", got=source, remedy=f"give data with {lacking}")
    return found


def _one_of(pieces: Pieces, wanted: Sequence[str], source: str) -> str:
    """The piece that is meant: the only one, or the first of those that are wanted."""
    names = list(pieces) if len(pieces) == 1 else [name for name in wanted if name in pieces]
    if not names:
        what = f"the data has no labelled {' or '.join(wanted)} split ({', '.join(pieces)})"
        raise InputError(what, got=source, remedy="name the file that is meant")
    return names[0]


def _name_of(source: str) -> str:
    path = Path(source).expanduser()
    return path.resolve().name if path.exists() else source


def _arrange(pieces: Pieces, source: str, kind: Kind, seed: int) -> Splits:
    present = _usable(pieces, source, kind)
    named = {name: examples for name, examples in present.items() if name in ("train", "validation", "test")}
    if set(named) == {"test"}:
        test_is = f"the test split of {_name_of(source)}"
        return Splits(train=(), validation=(), test=named["test"], test_is=test_is)
    if len(named) > 1:
        return _keep(named, source, seed)
    # One piece, whatever it is called: techniques need some of it to train on.
    return _cut(next(iter((named or present).values())), source, kind, seed)


def _keep(named: Pieces, source: str, seed: int) -> Splits:
    """The splits as they came; validation stands in for a missing test or train, and is then carved from train."""
    left = dict(named)
    test_is = f"the {'test' if 'test' in named else 'validation'} split of {_name_of(source)}"
    test = left.pop("test", None) or left.pop("validation")
    train = left.pop("train", None) or left.pop("validation")
    validation = left.get("validation")
    train = _without(train, [*test, *(validation or [])])
    if validation is None:
        validation, train = _ranked(train, [0.1], seed)
    else:
        validation = _without(validation, test)
    if not train or not validation:
        what = "no training or validation items are left besides those of the test split"
        raise InputError(what, got=f"{len(test)} test items", remedy="give larger splits that differ")
    return Splits(train=train, validation=validation, test=test, test_is=test_is)


def _cut(every: list[Example], source: str, kind: Kind, seed: int) -> Splits:
    examples = _without_repeats(every)
    different = len({_key(example) for example in examples})
    if different < FEWEST[kind]:
        what = f"the data has too few different items ({different}) to be split into train, validation and test"
        raise InputError(what, got=source, remedy=f"give at least {FEWEST[kind]}")
    test, validation, train = _ranked(examples, [0.2, 0.1], seed)
    left_out = ", repeats left out" if len(examples) < len(every) else ""
    test_is = f"the test part (20 %) cut from {_name_of(source)}{left_out}"
    return Splits(train=train, validation=validation, test=test, test_is=test_is)


def _ranked(examples: list[Example], shares: Sequence[float], seed: int) -> list[list[Example]]:
    """Parts with the given shares of the different items (at least one each), then the rest; in the order given."""
    keys = [_key(example) for example in examples]
    order = sorted(set(keys), key=lambda key: hashlib.sha256(f"{seed}:".encode() + key).digest())
    part_of: dict[bytes, int] = {}
    for part, share in enumerate(shares):
        start = len(part_of)
        for key in order[start : start + max(1, round(share * len(order)))]:
            part_of[key] = part
    parts: list[list[Example]] = [[] for _ in range(len(shares) + 1)]
    for key, example in zip(keys, examples, strict=True):
        parts[part_of.get(key, len(shares))].append(example)
    return parts


def _without(examples: list[Example], others: Sequence[Example]) -> list[Example]:
    taken = {_key(example) for example in others}
    return [example for example in examples if _key(example) not in taken]


def _without_repeats(examples: list[Example]) -> list[Example]:
    first: dict[tuple[bytes, Any], Example] = {}
    for example in examples:
        first.setdefault((_key(example), _rest(example)), example)
    return list(first.values())


def _rest(example: Example) -> Any:
    """All that an item says of its content: a label, or a question with its answers."""
    if isinstance(example, ImageExample):
        return example["label"]
    return tuple((name, value) for name, value in sorted(example.items()) if name not in ("text", "source"))


def _with_sources(examples: Sequence[Example]) -> Sequence[Example]:
    """``examples`` with one ``source`` for equal content, where any is repeated; texts of a corpus have theirs."""
    keys = [_key(example) for example in examples]
    if len(set(keys)) == len(keys):
        return examples
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    first = dict(zip(reversed(keys), reversed(examples), strict=True))
    return [
        _with_source(example, first[key].get("source", numbers[key]))
        for key, example in zip(keys, examples, strict=True)
    ]


def _with_source(example: Example, source: Any) -> Example:
    if isinstance(example, ImageExample):
        return dataclasses.replace(example, source=source)
    return {**example, "source": source}


def _key(example: Example) -> bytes:
    """A hash of the content alone, so that an item with two labels is still one item."""
    if isinstance(example, ImageExample):
        return example.key
    return hashlib.sha256(example["text"].encode("utf-8", "surrogatepass")).digest()
