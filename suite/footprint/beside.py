"""A use with one's own energies beside the same use with published ones."""

from __future__ import annotations

import msgspec

from suite.carbon.arithmetic import scaled
from suite.carbon.quantity import Figure
from suite.footprint.impact import Impact


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """The published figures, and how one's own stand to them.

    Attributes:
        published: the same use with published energies alone, without any technique.
        ratio: own energy over published; None where the published is 0.
        task_ratios: the same by task; None where the published is 0. A task that stays published is absent.
        stay_published: tasks whose energy is the published one in both.
    """

    published: Impact
    ratio: Figure | None
    task_ratios: dict[str, float | None]
    stay_published: list[str]


def beside(own: Impact, published: Impact) -> Beside:
    """Both of the same use, at the same site."""
    theirs = {part.task: part for part in published.parts}
    tasks = [part for part in own.parts if part.queries is not None]
    stay = [part.task for part in tasks if part.wh_per_query == theirs[part.task].wh_per_query]
    return Beside(
        published=published,
        ratio=_ratio(own.energy, published.energy),
        task_ratios={
            part.task: _over(part.energy.value, theirs[part.task].energy.value)
            for part in tasks
            if part.task not in stay
        },
        stay_published=stay,
    )


def _ratio(own: Figure, published: Figure) -> Figure | None:
    if not published.value:
        return None
    source = "own energy over published energy of the same use"
    return scaled(own, 1 / published.value, unit="", tag="modelled", source=source)


def _over(own: float, published: float) -> float | None:
    return own / published if published else None
