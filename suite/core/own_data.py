"""What ``task.data`` may say: the user's own data in one piece, or named by split."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from suite.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnSplits:
    """A file, folder or hub id a split.

    Attributes:
        test: scored whole, never cut.
        train: what techniques that train may use; None where there is nothing to train on.
    """

    test: str
    train: str | None


OwnData = str | OwnSplits
"""One file, folder or hub id, which is cut to splits unless it names them itself; or one for each split."""


def own_data(given: object) -> OwnData | None:
    """What the value of ``task.data`` means; None for the embedded data.

    Raises:
        InputError: it is empty, or names a train split without a test split.
    """
    if given is None or isinstance(given, OwnSplits):
        return given
    if not isinstance(given, Mapping):
        return _place("task.data", given)
    unknown = [key for key in given if key not in ("test", "train")]
    if unknown:
        raise InputError("task.data has no such split", got=unknown, remedy="set task.data.test and task.data.train")
    test, train = given.get("test"), given.get("train")
    if test is None and train is None:
        return None
    if test is None:
        remedy = "set task.data.test too, or give one file to be split as task.data"
        raise InputError("task.data.train names no data to score on", got=train, remedy=remedy)
    return OwnSplits(
        test=_place("task.data.test", test), train=None if train is None else _place("task.data.train", train)
    )


def _place(key: str, given: object) -> str:
    place = str(given)
    if not place.strip():
        raise InputError(f"{key} is empty", got=given, remedy="give a file, a folder, a hub id, or null")
    return place
