"""A label as data writes it: a name, a number, or a number whose name the data tells beside it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from suite.errors import InputError


class ClassNumber(NamedTuple):
    """A class by its number in a data set that names its classes in an order of its own.

    Attributes:
        number: its place in ``names``.
        names: all classes of the data set.
    """

    number: int
    names: tuple[str, ...]

    def __hash__(self) -> int:
        """Of the number alone: a set of many labels need not go through all names for each."""
        return hash(self.number)

    @property
    def name(self) -> str:
        """What the data set calls the class."""
        return self.names[self.number]


Label = int | str | ClassNumber


def label_of(value: Any, place: str) -> Label | None:
    """A cell's label; None where it is empty.

    Args:
        value: as read.
        place: for messages.

    Raises:
        InputError: it is neither a name nor a whole number.
    """
    if isinstance(value, bytes):
        value = decoded(value, "label", place)
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    if isinstance(value, int | str | ClassNumber):
        return value
    raise InputError(f"a label must be a name or a whole number ({place})", got=value, remedy="correct the row")


def with_names(value: Any, names: tuple[str, ...], place: str) -> Any:
    """``value`` as one of the classes that the data set names; -1 and empty cells stay, they mean no label.

    Raises:
        InputError: the data set has no class of that number.
    """
    if isinstance(value, list):  # a tag for each word
        return [with_names(each, names, place) for each in value]
    if value is None or value == -1 or isinstance(value, str):
        return value
    if not 0 <= value < len(names):
        remedy = f"write the file anew: it names {len(names)} classes"
        raise InputError(f"a label is no class of the data ({place})", got=value, remedy=remedy)
    return ClassNumber(int(value), names)


def decoded(value: bytes, kind: str, place: str) -> str:
    """Bytes of a table as text.

    Raises:
        InputError: they are not UTF-8.
    """
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        remedy = "write the column as text"
        raise InputError(f"the {kind} is not UTF-8 text ({place})", got=value[:40], remedy=remedy) from error
