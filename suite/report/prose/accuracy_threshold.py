"""The accuracy gate: what the page says at every loss of score that a reader may accept instead of the task's margin.

All of it is worded here, by the code that words the page itself, so that sentence, lists and verdicts agree at every
setting; the script only chooses. A verdict changes where the setting passes the loss that an interval leaves open, so
between two such losses a card reads the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from suite.analysis.run.judgement import judged_at
from suite.analysis.summary import PointSummary
from suite.report.prose.sentences import Answer, answer, delta_ends
from suite.report.view_model import Entry, Group
from suite.text import numbers as text
from suite.text.i18n import _

MOST_CANDIDATES = 100
"""A card with more scored techniques has no gate: each setting is worded in the page, and so many would swell it."""
STEPS = 40
"""Steps of the slider up to the task's margin, about."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """What a card says from a loss of ``least`` on, in the unit of its score, until the next setting."""

    least: float
    answer: Answer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate:
    """The gate of one card. All numbers are in the unit that is shown: percentage points for shares.

    Attributes:
        unit: of the score.
        margin: of the task, where the gate starts: by it the page's verdicts are made.
        most: the largest loss that has a meaning.
        reach: end of the slider.
        step: of the slider.
        settings: from a loss of 0 on.
        groups: numbers of the comparisons that it moves.
        points: what the script needs of each technique, by record.
    """

    unit: str
    margin: float
    most: float
    reach: float
    step: float
    settings: tuple[Setting, ...]
    groups: tuple[int, ...]
    points: dict[str, dict[str, Any]]


def gate(task: str, groups: Sequence[Group]) -> Gate | None:
    """The gate of a card; None where no technique was scored, or too many to show each setting."""
    candidates = [entry.point for group in groups for entry in group.scored if _is_candidate(entry)]
    if not candidates or len(candidates) > MOST_CANDIDATES or len({point.metric for point in candidates}) > 1:
        return None
    first = candidates[0]
    factor = factor_of(first)
    losses = sorted({loss for point in candidates for loss in _losses(point)})
    margin = (first.margin or 0.0) * factor
    reach = max([2 * margin, *(1.1 * loss * factor for loss in losses)]) or 1.0
    return Gate(
        unit=text.score_unit(first.metric) or text.words(first.metric or ""),
        margin=_rounded(margin),
        most=_rounded(max(abs(first.baseline_score or 0.0) * factor, reach)),
        reach=_rounded(reach),
        step=_nice(max(margin, reach / 10) / STEPS),
        settings=tuple(_settings(task, groups, [0.0, *losses], factor)),
        groups=tuple(group.number for group in groups if group.scored),
        points={point.record_id: _steps(point, factor) for point in candidates},
    )


def factor_of(point: PointSummary) -> float:
    """From a score to the figure that is shown."""
    return 100.0 if point.metric in text.SHARE_METRICS else 1.0


def loss_left_open(point: PointSummary) -> float:
    """The loss from which on a gate lets the point pass, after correction; 0 where none is known."""
    low = delta_ends(point)[0]
    return 0.0 if low is None else max(0.0, -low)


def _is_candidate(entry: Entry) -> bool:
    return entry.point.mitigation != "none" and entry.point.score_delta_low is not None


def _losses(point: PointSummary) -> list[float]:
    """The losses at which the point's verdict, or its corrected one, changes."""
    ends = (point.score_delta_low, delta_ends(point)[0])
    found = [max(0.0, -low) for low in ends if low is not None]
    return [loss for loss in found if _verdicts(point, loss) != _verdicts(point, loss * (1 - 1e-9))]


def _verdicts(point: PointSummary, loss: float) -> tuple[str, str]:
    found = judged_at(point, loss)
    return found.claim, found.verdict


def _settings(task: str, groups: Sequence[Group], losses: Sequence[float], factor: float) -> list[Setting]:
    """One for each answer; neighbours that read the same are one."""
    found: list[Setting] = []
    for loss in losses:
        words = answer(task, [at_loss(group, loss) for group in groups])
        if not found or words != found[-1].answer:
            found.append(Setting(least=loss * factor, answer=words))
    return found


def at_loss(group: Group, loss: float) -> Group:
    """The comparison as it reads where a loss of ``loss``, in the unit of the score, still counts as none."""
    entries = (dataclasses.replace(entry, point=judged_at(entry.point, loss)) for entry in group.entries)
    return dataclasses.replace(group, entries=tuple(entries))


def _steps(point: PointSummary, factor: float) -> dict[str, Any]:
    """What the script needs of a point.

    ``steps``: losses from which on its verdicts are others, ``[least, corrected, by itself]``, from 0 on. ``own``:
    those at its own margin. ``loss``: the largest that its score leaves open.
    """
    steps = []
    for loss in sorted({0.0, *_losses(point)}):
        at = judged_at(point, loss)
        steps.append([loss * factor, at.claim, at.verdict])
    loss = loss_left_open(point) * factor
    return {"loss": loss, "own": [point.claim, point.verdict], "steps": steps}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _nice(step: float) -> float:
    """The power of ten, or twice or five times one, at or below ``step``."""
    power = 10.0 ** float(f"{step:e}".partition("e")[2])
    return _rounded(max(times for times in (1, 2, 5) if times * power <= step * (1 + 1e-9)) * power)


def gate_hint(found: Gate) -> str:
    """What the gate accepts."""
    return _("0 to {most} {unit}").format(most=text.significant(found.most), unit=found.unit)
