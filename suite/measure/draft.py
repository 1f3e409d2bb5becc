"""Draft: a record while it is being measured. Fields are set as they become known; a failure keeps what came before."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import Any

from suite.config.plan import Plan
from suite.machine import environment
from suite.record.hashing import config_hash
from suite.record.schema import (
    SCHEMA_VERSION,
    ApplyCost,
    CompileCost,
    Idle,
    Pairing,
    Reason,
    Record,
    RecordWarning,
    Scores,
    SeedScore,
    Status,
    TrainingCheck,
    Window,
)

OUT_OF_REACH = "out_of_reach"
"""Kind of the reason of a point whose model or data lies on a hub that does not answer."""

DOES_NOT_FIT = "does_not_fit"
"""Kind of the reason of a point that surely needs more memory than its device has free."""

ACCURACY_GATE = "accuracy_gate"
"""Kind of the reason of a point whose candidate scored worse than ``protocol.score_gate`` allows."""


def now() -> str:
    """This moment in UTC, ISO 8601, to the millisecond."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


@dataclasses.dataclass(kw_only=True)
class Draft:
    """What is known of a point so far; the fields are those of the record.

    Attributes:
        plan: of the point.
        started_at: when the attempt began.
        environment: what goes beside, or in place of, the description of this machine.
        converged: whether the target was met; None while blocks are still to come.
    """

    plan: Plan
    started_at: str = dataclasses.field(default_factory=now)
    environment: dict[str, Any] = dataclasses.field(default_factory=dict)
    effect: dict[str, Any] = dataclasses.field(default_factory=dict)
    apply_cost: ApplyCost | None = None
    windows: list[Window] = dataclasses.field(default_factory=list)
    prefill_windows: list[Window] = dataclasses.field(default_factory=list)
    distinct_queries: int | None = None
    prompt_tokens_per_query: float | None = None
    pairing: Pairing | None = None
    converged: bool | None = None
    peak_memory_bytes: dict[str, int] = dataclasses.field(default_factory=dict)
    idle: Idle | None = None
    scores: Scores | None = None
    further_scores: list[Scores] = dataclasses.field(default_factory=list)
    seed_scores: list[SeedScore] = dataclasses.field(default_factory=list)
    training_curves: dict[str, list[TrainingCheck]] = dataclasses.field(default_factory=dict)
    training_target_score: float | None = None
    model_bytes: dict[str, int] = dataclasses.field(default_factory=dict)
    device_busy_share: dict[str, float] = dataclasses.field(default_factory=dict)
    compile_cost: dict[str, CompileCost] = dataclasses.field(default_factory=dict)
    warnings: list[RecordWarning] = dataclasses.field(default_factory=list)

    def warn(self, warning: RecordWarning | None) -> None:
        """Adds ``warning``, if there is one."""
        if warning is not None:
            self.warnings.append(warning)

    def record(self, status: Status, reason: Reason | None = None) -> Record:
        """The record of an attempt that ends now."""
        plan = self.plan
        used = [mitigation.requires for mitigation in plan.mitigations.values()]
        return Record(
            schema_version=SCHEMA_VERSION,
            record_id=uuid.uuid4().hex,
            point_id=plan.point.point_id,
            config_hash=config_hash(plan.config),
            status=status,
            reason=reason,
            started_at=self.started_at,
            finished_at=now(),
            config=plan.config,
            point=plan.point,
            environment=environment.describe(plan.point.device, used) | self.environment,
            effect=self.effect,
            apply_cost=self.apply_cost,
            windows=self.windows,
            prefill_windows=self.prefill_windows,
            distinct_queries=self.distinct_queries,
            prompt_tokens_per_query=self.prompt_tokens_per_query,
            pairing=self.pairing,
            converged=self.converged,
            peak_memory_bytes=self.peak_memory_bytes,
            idle=self.idle,
            scores=self.scores,
            further_scores=self.further_scores,
            seed_scores=self.seed_scores,
            training_curves=self.training_curves,
            training_target_score=self.training_target_score,
            model_bytes=self.model_bytes,
            device_busy_share=self.device_busy_share,
            compile_cost=self.compile_cost,
            warnings=self.warnings,
        )
