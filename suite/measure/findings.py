"""Findings: what a point has come to know since it was last told, so that what is measured outlives its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from suite.record.schema import (
    ApplyCost,
    CompileCost,
    Denominator,
    Idle,
    Pairing,
    RecordWarning,
    Scores,
    SeedScore,
    TrainingCheck,
    Window,
)

if TYPE_CHECKING:
    from suite.measure.draft import Draft  # imports torch, which the process that follows a point does not need

_NEVER_TOLD = object()


class Findings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of a ``Draft`` that have changed; its windows and warnings are the new ones only."""

    environment: dict[str, Any] | UnsetType = UNSET
    effect: dict[str, Any] | UnsetType = UNSET
    apply_cost: ApplyCost | UnsetType | None = UNSET
    windows: list[Window] = []
    prefill_windows: list[Window] = []
    distinct_queries: int | UnsetType | None = UNSET
    prompt_tokens_per_query: float | UnsetType | None = UNSET
    pairing: Pairing | UnsetType | None = UNSET
    converged: bool | UnsetType | None = UNSET
    peak_memory_bytes: dict[str, int] | UnsetType = UNSET
    idle: Idle | UnsetType | None = UNSET
    denominator: Denominator | UnsetType = UNSET
    scores: Scores | UnsetType | None = UNSET
    further_scores: list[Scores] | UnsetType = UNSET
    seed_scores: list[SeedScore] | UnsetType = UNSET
    training_curves: dict[str, list[TrainingCheck]] | UnsetType = UNSET
    training_target_score: float | UnsetType | None = UNSET
    model_bytes: dict[str, int] | UnsetType = UNSET
    device_busy_share: dict[str, float] | UnsetType = UNSET
    compile_cost: dict[str, CompileCost] | UnsetType = UNSET
    warnings: list[RecordWarning] = []


_GROWING = ("windows", "prefill_windows", "warnings")
_REPLACED = tuple(name for name in Findings.__struct_fields__ if name not in _GROWING)


class Untold:
    """What a draft holds that has not been told yet."""

    def __init__(self) -> None:
        """Begins with nothing told."""
        self._told: dict[str, Any] = {}
        self._counts = dict.fromkeys(_GROWING, 0)

    def take(self, draft: Draft) -> Findings:
        """What is new in ``draft``, which counts as told from here on.

        A draft's fields are replaced as they become known, its lists grow at their end; so a field is new where it is
        another object.
        """
        new: dict[str, Any] = {}
        for name in _REPLACED:
            value = getattr(draft, name)
            if value is not self._told.get(name, _NEVER_TOLD):
                new[name] = self._told[name] = value
        for name in _GROWING:
            values = getattr(draft, name)
            new[name] = values[self._counts[name] :]
            self._counts[name] = len(values)
        return Findings(**new)


def learn(draft: Draft, findings: Findings) -> None:
    """Puts ``findings`` into ``draft``, so that it holds what the draft that they were taken from held."""
    for name in _REPLACED:
        value = getattr(findings, name)
        if value is not UNSET:
            setattr(draft, name, value)
    for name in _GROWING:
        getattr(draft, name).extend(getattr(findings, name))
