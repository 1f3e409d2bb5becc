"""Labels of data to the numbers of the model's outputs: by name wherever there are names to go by."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from suite.core.task import Example
from suite.data.labels import ClassNumber
from suite.errors import InputError

_MADE_UP = re.compile(r"LABEL_\d+")
"""What transformers calls the classes of a model that names none."""
_WHOLE = re.compile(r"(0|[1-9]\d{0,17})(\.0+)?")
_ALIKE = 0.9
"""Share of a data set's classes that the model must have at their own numbers, for the rest to be mere spelling."""
_SHOWN = 40


def label_numbers(examples: Iterable[Example], config: Any) -> list[int]:
    """Number of the model's output that stands for each example's label.

    A name is looked up among the model's. A number is the model's own, unless the model's classes have numbers for
    names (then it is one of these names), or the data names its classes (then those names are looked up).

    Args:
        examples: each with a ``label``.
        config: the model's: ``num_labels``, ``label2id`` and ``id2label``.

    Raises:
        InputError: the model has no such label, or its own names contradict each other.
    """
    classes = classes_of(config)
    numbers: list[int] = []
    data_names: tuple[str, ...] = ()
    of_data: Sequence[int | None] = ()
    for example in examples:
        label = example["label"]
        if isinstance(label, ClassNumber):
            if label.names is not data_names:
                data_names, of_data = label.names, classes.numbers_of(label.names)
            found, label = of_data[label.number], label.name
        else:
            found = classes.number_of(label)
        if found is None:
            shown = f"{', '.join(classes.names[:_SHOWN])}; or 0 to {len(classes.names) - 1}"
            remedy = f"use one of the model's {len(classes.names)} labels ({shown})"
            raise InputError("the data has a label that the model does not know", got=label, remedy=remedy)
        numbers.append(found)
    return numbers


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classes:
    """What a model calls its outputs.

    Attributes:
        names: in the order of the outputs.
        by_name: number of each name that only one output has.
        by_small: the same in small letters.
    """

    names: tuple[str, ...]
    by_name: Mapping[str, int]
    by_small: Mapping[str, int]

    @property
    def are_numbers(self) -> bool:
        """Whether a class has a whole number for its name."""
        return any(_WHOLE.fullmatch(name) for name in self.names)

    @property
    def are_made_up(self) -> bool:
        """Whether the model names none of its outputs."""
        return all(_MADE_UP.fullmatch(name) for name in self.names)

    def number_of(self, label: Any) -> int | None:
        """Number of the output that a name or number stands for; None where none does.

        Raises:
            InputError: several outputs have that name.
        """
        if isinstance(label, bool) or not isinstance(label, int | str):
            return None
        if str(label) in self.names and str(label) not in self.by_name:
            remedy = "write the number of the one that is meant"
            raise InputError("several of the model's classes have the name of one label", got=label, remedy=remedy)
        found = self._named(str(label))
        whole = _WHOLE.fullmatch(str(label))
        if found is not None or whole is None:
            return found
        if self.are_numbers:
            return self._named(whole[1])
        return int(whole[1]) if int(whole[1]) < len(self.names) else None

    def numbers_of(self, names: Sequence[str]) -> Sequence[int | None]:
        """Number of the output for each class of a data set that names its own; None where none is meant.

        Numbers stand for themselves only where the model names no class, or where nearly all of the names are the
        model's in the model's order, so that the others are spelt in another way.
        """
        found = [self._named(name) for name in names]
        in_place = [number == place for place, number in enumerate(found) if number is not None]
        same_order = len(names) == len(self.names) and all(in_place) and len(in_place) >= _ALIKE * len(names)
        if not self.are_made_up and not same_order:
            return found
        return [place if number is None and place < len(self.names) else number for place, number in enumerate(found)]

    def _named(self, name: str) -> int | None:
        """By its name as it is, else by the only one that differs in capitals alone."""
        return self.by_name.get(name, self.by_small.get(name.casefold()))


def classes_of(config: Any) -> Classes:
    """The model's classes, from whichever of its two maps names them.

    Raises:
        InputError: the two contradict each other, or give a number that no output has.
    """
    count = int(config.num_labels)
    forward = _pairs(getattr(config, "id2label", None) or {}, count, "id2label")
    turned = {str(number): name for name, number in (getattr(config, "label2id", None) or {}).items()}
    backward = _pairs(turned, count, "label2id")
    # Where several outputs share a name, label2id has only one of them.
    for number in sorted(forward.keys() & backward.keys()):
        if forward[number] != backward[number]:
            what = f"id2label and label2id of the model disagree on class {number}"
            remedy = "correct its config.json"
            raise InputError(what, got=[forward[number], backward[number]], remedy=remedy)
    names = tuple((forward | backward).get(number, f"LABEL_{number}") for number in range(count))
    return Classes(names=names, by_name=_once(names), by_small=_once([name.casefold() for name in names]))


def _once(names: Sequence[str]) -> dict[str, int]:
    times = Counter(names)
    return {name: number for number, name in enumerate(names) if times[name] == 1}


def _pairs(given: Mapping[Any, Any], count: int, name: str) -> dict[int, str]:
    """Names by number; empty where transformers has made them up."""
    try:
        found = {int(number): str(label) for number, label in given.items()}
        fits = all(0 <= number < count for number in found)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        what = f"{name} of the model must give its classes the numbers 0 to {count - 1}"
        raise InputError(what, got=dict(list(given.items())[:_SHOWN]), remedy="correct its config.json")
    return {} if all(_MADE_UP.fullmatch(label) for label in found.values()) else found
