"""What a report comes down to, for texts that are shorter than the page: one lead for each task of each run."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from suite.report.prose import sentences
from suite.report.view_model import Group

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_REORDERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lead:
    """One task of one run: the comparison that leads, what it says, and the comparisons beside it.

    ``name`` is what readers see of the label ``task``.
    ``leading`` is None where no point of the task ended with a result.
    """

    run: str
    task: str
    name: str
    leading: Group | None
    answer: sentences.Answer
    others: tuple[Group, ...]


def leads(groups: Sequence[Group]) -> list[Lead]:
    """The leads of ``groups``, in their order."""
    by_task: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        by_task.setdefault((group.run, group.task), []).append(group)
    return [_lead(run, task, members) for (run, task), members in by_task.items()]


def _lead(run: str, task: str, groups: list[Group]) -> Lead:
    leading = sentences.leading_group(groups)
    return Lead(
        run=run,
        task=task,
        name=groups[0].name,
        leading=leading,
        answer=sentences.answer(task, groups),
        others=tuple(group for group in groups if group is not leading),
    )


def has_technique(group: Group) -> bool:
    """Whether anything but the baseline ended with an energy ratio."""
    return any(e.point.mitigation != "none" and e.point.energy_ratio is not None for e in group.ok)


def one_line(words: str) -> str:
    """``words`` without line ends, control characters, and signs that would turn the order of letters around."""
    return _REORDERING.sub("", _INVISIBLE.sub(" ", words))
