"""early_stopping: a training ends when the score of held-out samples no longer gets better."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.training import never
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect

MOST_CHECKS = 1000
"""Looks at a score that stands still after which a rule counts as one that never ends a training."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EarlyStopping(Mitigation):
    """Ends a training after looks at the score that brought nothing new.

    Attributes:
        patience: looks without a better score than before, at least 1.
        min_gain: by how much a score must be better to count as better, in the metric's unit, in [0, 1].
    """

    intervention: ClassVar[str] = "hyperparameter_tuning"
    source: ClassVar[str] = "Prechelt 1998, Early Stopping - But When?, doi:10.1007/3-540-49430-8_3"
    idea: ClassVar[str] = (
        "Late steps of a training of fixed length often change nothing for the better. Look at the score of held-out "
        "samples now and then, and end the training when it has not risen for a while."
    )
    effect: ClassVar[str] = (
        "Energy falls with the steps that are left out, on any hardware; a step costs what it did. Does nothing where "
        "the score still rises at the end, and then the row says so."
    )
    accuracy: ClassVar[str] = "Near the full training's; below it where the score would have risen again."
    deviations: ClassVar[str] = (
        "Ends after a number of looks without a better score, not by the quotient of progress; the weights kept are "
        "the last ones, not the best. The looks' own energy, a forward pass over the held-out samples each, is in no "
        "window: how often to look is the workload's (check_every)."
    )
    requires: ClassVar[Requires] = Requires(
        phase="training",
        trained=True,
        reasons={
            "phase": "add workload=train_to_score workload.target_score=none",
            "trained": "there is no score to train random weights to",
        },
    )

    patience: int
    min_gain: float

    def __post_init__(self) -> None:
        checks.count("early_stopping.patience", self.patience, least=1)
        checks.closed_share("early_stopping.min_gain", self.min_gain)

    def apply(self, setup: Setup) -> Setup:
        """The same training with an end of its own."""
        if not setup.training.is_whole:
            raise NotApplicable("steps have no end to come early: add workload=train_to_score")
        if setup.training.target_score is not None:
            raise NotApplicable("the training ends at its target already: add workload.target_score=none")
        if setup.training.enough is not never:
            raise NotApplicable("the training has an end of its own already")
        enough = functools.partial(stands_still, patience=self.patience, min_gain=self.min_gain)
        return setup.replace(training=dataclasses.replace(setup.training, enough=enough))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """After how many looks at a score that stands still the training ends; None where it goes on.

        Whether a real one ended early shows in its course, and one that did not is refused by the workload.
        """
        ends = {"before": ends_after(before), "after": ends_after(after)}
        seen = effect.changes(before, after) | {"ends_after_checks": ends}
        return effect.require(ends["after"] is not None and ends["before"] is None, "training has no earlier end", seen)


def stands_still(scores: Sequence[float], *, patience: int, min_gain: float) -> bool:
    """Whether none of the last ``patience`` scores is better by more than ``min_gain`` than the best before it."""
    best, since = float("-inf"), 0
    for score in scores:
        better = score > best + min_gain
        best, since = (score, 0) if better else (best, since + 1)
    return since >= patience


def ends_after(setup: Setup) -> int | None:
    """Looks at a score that stands still until the setup's training ends."""
    counts = range(1, MOST_CHECKS + 1)
    return next((count for count in counts if setup.training.enough([0.0] * count)), None)
