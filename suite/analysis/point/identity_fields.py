"""The fields of a point's summary that say what was measured, where, and how it ended."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from suite.analysis.point.boards import board_names
from suite.record.schema import Reason, Record


def identity_fields(run: str, record: Record) -> dict[str, Any]:
    """What the record says of itself. The verdict is the status until one can be reached."""
    point = record.point
    reason = record.reason or Reason(kind="", message="")
    return {
        "run": run,
        "point_id": record.point_id,
        "task": point.task,
        "model": point.model,
        "mitigation": point.label,
        "mitigation_params": _params_json(record),
        "phase": point.phase,
        "workload": point.workload,
        "batch_size": _candidate_batch_size(record),
        "baseline_batch_size": point.batch_size,
        "dtype": point.dtype,
        "runtime": point.runtime,
        "device": point.device,
        "device_map": point.device_map,
        "hardware": _hardware(point.device, record.environment),
        "status": record.status,
        "reason": reason.message or None,
        "reason_kind": reason.kind or None,
        "verdict": record.status if record.status != "ok" else "inconclusive",
        "record_id": record.record_id,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "mitigations": [{"name": use.name, "params": use.params} for use in point.mitigations],
        "effect": record.effect,
        "config": record.config,
        "environment": record.environment,
        "warnings": list(record.warnings),
        "training_curves": record.training_curves,
        "training_target_score": record.training_target_score,
    }


def _hardware(device: str, environment: dict[str, Any]) -> str | None:
    """What did the work: the machine's own name for it, the GPU's, or how many of which GPUs where several did."""
    hardware, names = environment.get("hardware"), board_names(environment)
    if device == "cuda" and len(names) == 1:
        return names[0]
    if len(names) > 1:
        return " + ".join(f"{count} \N{MULTIPLICATION SIGN} {name}" for name, count in Counter(names).items())
    name = hardware.get("name") if isinstance(hardware, dict) else None
    return name if isinstance(name, str) else None


def _params_json(record: Record) -> str:
    params = {use.name: use.params for use in record.point.mitigations}
    return msgspec.json.encode(params, order="sorted").decode()


def _candidate_batch_size(record: Record) -> int | None:
    """As seen on the candidate; the baseline's for a point without techniques; unknown where it never ran."""
    snapshot = record.effect.get("candidate")
    seen = snapshot.get("batch_size") if isinstance(snapshot, dict) else None
    if isinstance(seen, int):
        return seen
    return None if record.point.mitigations else record.point.batch_size
