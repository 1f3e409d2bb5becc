"""Draft: a record while it is being measured. Fields are set as they become known; a failure keeps what came before."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from suite.machine import environment
from suite.plugins.requires import Requires
from suite.record.hashing import config_hash
from suite.record.schema import (
    SCHEMA_VERSION,
    ApplyCost,
    CompileCost,
    Denominator,
    Idle,
    Pairing,
    Point,
    Reason,
    Record,
    RecordWarning,
    Scores,
    SeedScore,
    Status,
    TrainingCheck,
    Window,
)

if TYPE_CHECKING:
    from suite.config.plan import Plan  # imports transformers, which functions are compared without

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
class Measured:
    """What the windows of a comparison have shown so far; the fields are those of the record.

    Attributes:
        started_at: when the attempt began.
        environment: what goes beside, or in place of, the description of this machine.
        converged: whether the target was met; None while blocks are still to come.
    """

    started_at: str = dataclasses.field(default_factory=now)
    environment: dict[str, Any] = dataclasses.field(default_factory=dict)
    windows: list[Window] = dataclasses.field(default_factory=list)
    prefill_windows: list[Window] = dataclasses.field(default_factory=list)
    pairing: Pairing | None = None
    converged: bool | None = None
    idle: Idle | None = None
    denominator: Denominator = "query"
    warnings: list[RecordWarning] = dataclasses.field(default_factory=list)

    def warn(self, warning: RecordWarning | None) -> None:
        """Adds ``warning``, if there is one."""
        if warning is not None:
            self.warnings.append(warning)

    def recorded(
        self,
        point: Point,
        config: dict[str, Any],
        status: Status,
        reason: Reason | None = None,
        used: Iterable[Requires] = (),
    ) -> Record:
        """The record of an attempt at ``point`` that ends now.

        Args:
            point: what was compared.
            config: the resolved configuration.
            status: how it ended.
            reason: why, where it is not ok.
            used: requirements of the techniques that are used.
        """
        known = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        fields = {name: value for name, value in known.items() if name in Record.__struct_fields__}
        fields["environment"] = environment.describe(point.device, used) | self.environment
        return Record(
            schema_version=SCHEMA_VERSION,
            record_id=uuid.uuid4().hex,
            point_id=point.point_id,
            config_hash=config_hash(config),
            status=status,
            reason=reason,
            finished_at=now(),
            config=config,
            point=point,
            **fields,
        )


@dataclasses.dataclass(kw_only=True)
class Draft(Measured):
    """What is known of a point so far.

    Attributes:
        plan: of the point.
    """

    plan: Plan
    effect: dict[str, Any] = dataclasses.field(default_factory=dict)
    apply_cost: ApplyCost | None = None
    distinct_queries: int | None = None
    prompt_tokens_per_query: float | None = None
    peak_memory_bytes: dict[str, int] = dataclasses.field(default_factory=dict)
    scores: Scores | None = None
    further_scores: list[Scores] = dataclasses.field(default_factory=list)
    seed_scores: list[SeedScore] = dataclasses.field(default_factory=list)
    training_curves: dict[str, list[TrainingCheck]] = dataclasses.field(default_factory=dict)
    training_target_score: float | None = None
    model_bytes: dict[str, int] = dataclasses.field(default_factory=dict)
    device_busy_share: dict[str, float] = dataclasses.field(default_factory=dict)
    compile_cost: dict[str, CompileCost] = dataclasses.field(default_factory=dict)

    def record(self, status: Status, reason: Reason | None = None) -> Record:
        """The record of an attempt that ends now."""
        used = [mitigation.requires for mitigation in self.plan.mitigations.values()]
        found = self.recorded(self.plan.point, self.plan.config, status, reason, used)
        return msgspec.structs.replace(found, config=self.plan.recorded_config)
