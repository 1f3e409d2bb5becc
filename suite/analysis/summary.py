"""From a record to the row of results.csv, plus what the report shows beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from suite.analysis.point import accuracy, energy, speed
from suite.analysis.point.energy_fields import cost_fields, energy_fields
from suite.analysis.point.instrument import Instrument, instrument
from suite.analysis.run import pareto
from suite.analysis.verdict import Verdict, absolute_margin, verdict_on
from suite.record.schema import Arm, Reason, Record, RecordWarning
from suite.units import BYTES_PER_MB


class SeenWindow(msgspec.Struct, frozen=True, array_like=True):
    """A window as the report draws it: its block, its queries, how long it took, and its joules a query.

    The energy is that of the point's headline component.
    """

    block: int
    queries: int
    duration_s: float
    energy_per_query_j: float


class PointSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One point. The fields up to ``pareto`` are the columns of results.csv, in order; None is an empty cell."""

    run: str
    point_id: str
    task: str
    model: str
    mitigation: str
    mitigation_params: str
    phase: str
    workload: str
    batch_size: int | None
    baseline_batch_size: int
    dtype: str
    device: str
    hardware: str | None
    status: str
    reason: str | None
    queries: int | None = None
    energy_per_query_j: float | None = None
    baseline_energy_per_query_j: float | None = None
    energy_ratio: float | None = None
    energy_ratio_low: float | None = None
    energy_ratio_high: float | None = None
    net_energy_ratio: float | None = None
    net_energy_ratio_low: float | None = None
    net_energy_ratio_high: float | None = None
    energy_per_token_j: float | None = None
    energy_basis: str | None = None
    converged: bool | None = None
    pairing: str | None = None
    latency_ms_p50: float | None = None
    latency_ratio: float | None = None
    throughput_qps: float | None = None
    peak_memory_mb: float | None = None
    model_mb: float | None = None
    metric: str | None = None
    baseline_score: float | None = None
    score: float | None = None
    score_delta: float | None = None
    score_delta_low: float | None = None
    score_delta_high: float | None = None
    apply_energy_j: float | None = None
    break_even_queries: float | None = None
    co2e_g_per_1000: float | None = None
    verdict: Verdict
    pareto: bool = False

    record_id: str
    reason_kind: str | None = None
    component: str | None = None
    method: str | None = None
    block_energy_ratios: list[float] = []
    windows: dict[str, list[SeenWindow]] = {}
    energy_per_query_by_component_j: dict[str, dict[str, float]] = {}
    methods: dict[str, str] = {}
    latency_ms_p95: float | None = None
    latency_ms_p99: float | None = None
    baseline_latency_ms_p50: float | None = None
    baseline_latency_ms_p95: float | None = None
    baseline_latency_ms_p99: float | None = None
    baseline_throughput_qps: float | None = None
    baseline_peak_memory_mb: float | None = None
    baseline_model_mb: float | None = None
    higher_is_better: bool | None = None
    margin: float | None = None
    scored_items: int | None = None
    mcnemar_p: float | None = None
    break_even_queries_low: float | None = None
    break_even_queries_high: float | None = None
    apply_duration_s: float | None = None
    idle_power_w: float | None = None
    idle_before_w: float | None = None
    idle_after_w: float | None = None
    net_energy_per_query_j: float | None = None
    baseline_net_energy_per_query_j: float | None = None
    instrument: Instrument | None = None
    started_at: str
    finished_at: str
    mitigations: list[dict[str, Any]]
    effect: dict[str, Any] = {}
    config: dict[str, Any] = {}
    environment: dict[str, Any] = {}
    warnings: list[RecordWarning] = []


CSV_COLUMNS: tuple[str, ...] = PointSummary.__struct_fields__[: PointSummary.__struct_fields__.index("pareto") + 1]
"""The columns of results.csv, in order."""


def summarise(run: str, records: Sequence[Record], g_co2e_per_kwh: float) -> list[PointSummary]:
    """One summary a record, in order, with the Pareto front marked."""
    return mark_front([summarise_record(run, record, g_co2e_per_kwh) for record in records])


def mark_front(summaries: Sequence[PointSummary]) -> list[PointSummary]:
    """Marks who is on the front among scored points of the same task, phase, workload and hardware.

    Joules of different components, or got in different ways, are not compared either.
    """
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, point in enumerate(summaries):
        if point.status == "ok" and point.score is not None and point.energy_per_query_j is not None:
            comparable = (point.task, point.phase, point.workload, point.hardware, point.component, point.energy_basis)
            groups.setdefault((*comparable, point.metric), []).append(index)
    marked = list(summaries)
    for indices in groups.values():
        for index, is_front in zip(indices, pareto.front([_place(summaries[i]) for i in indices]), strict=True):
            marked[index] = msgspec.structs.replace(summaries[index], pareto=is_front)
    return marked


def _place(point: PointSummary) -> pareto.Candidate:
    assert point.energy_per_query_j is not None
    assert point.score is not None
    return pareto.Candidate(point.energy_per_query_j, point.score if point.higher_is_better else -point.score)


def summarise_record(run: str, record: Record, g_co2e_per_kwh: float) -> PointSummary:
    """The numbers of one record, ``pareto`` not yet decided. A point that is not ok has no derived numbers."""
    fields = _identity(run, record)
    if record.status == "ok":
        fields |= _derived(record, g_co2e_per_kwh)
    return PointSummary(**fields)


def _identity(run: str, record: Record) -> dict[str, Any]:
    point = record.point
    reason = record.reason or Reason(kind="", message="")
    hardware = record.environment.get("hardware")
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
        "device": point.device,
        "hardware": hardware.get("name") if isinstance(hardware, dict) else None,
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
    }


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


def _derived(record: Record, g_co2e_per_kwh: float) -> dict[str, Any]:
    accuracy_fields, scores = _accuracy_fields(record)
    fields = _speed_fields(record) | _size_fields(record) | accuracy_fields
    found = energy.headline(record.windows)
    if found is not None:
        fields |= energy_fields(record, found, g_co2e_per_kwh)
        fields["windows"] = _seen_windows(record, found.component)
        fields |= cost_fields(record.apply_cost, found, fields)
    fields["verdict"] = verdict_on(
        ratio_low=fields.get("energy_ratio_low"),
        ratio_high=fields.get("energy_ratio_high"),
        scored=scores is not None,
        delta_low=scores.low if scores else None,
        delta_high=scores.high if scores else None,
        margin=fields["margin"] or 0.0,
    )
    fields["warnings"] = [*record.warnings, *_warnings(record, found, scores, fields["margin"])]
    return fields


def _warnings(
    record: Record, found: energy.Headline | None, scores: accuracy.Accuracy | None, margin: float
) -> list[RecordWarning]:
    """What only the analysis can see."""
    warnings = [NO_HEADLINE] if found is None else []
    if record.scores is not None and scores is None:
        warnings.append(UNUSABLE_SCORES)
    if scores is not None and record.point.mitigations and accuracy.is_blind(scores, margin):
        warnings.append(
            RecordWarning(
                code="few_scored_items",
                message=f"{scores.changed or 'no'} answer{'s' if scores.changed > 1 else ''} changed in {scores.items} "
                f"scored items, which cannot rule out a loss of {margin:g}",
                remedy="score more items (protocol=standard, or more test data)",
            )
        )
    return warnings


def _speed_fields(record: Record) -> dict[str, Any]:
    windows = record.windows
    candidate_s, baseline_s = speed.latency_p50(windows, "candidate"), speed.latency_p50(windows, "baseline")
    by_component = {
        component: _both_arms(record, component)
        for component in sorted({name for window in windows for name in window.energy_j})
    }
    return {
        **_tail("latency_ms", record, "candidate"),
        **_tail("baseline_latency_ms", record, "baseline"),
        "queries": sum(window.queries for window in windows if window.arm == "candidate"),
        "latency_ms_p50": None if candidate_s is None else candidate_s * 1e3,
        "baseline_latency_ms_p50": None if baseline_s is None else baseline_s * 1e3,
        "latency_ratio": candidate_s / baseline_s if candidate_s is not None and baseline_s else None,
        "throughput_qps": speed.throughput(windows, "candidate"),
        "baseline_throughput_qps": speed.throughput(windows, "baseline"),
        "energy_per_query_by_component_j": by_component,
        "methods": {name: method for window in windows for name, method in sorted(window.method.items())},
        "instrument": instrument(windows, record.environment),
        "converged": record.converged,
        "pairing": record.pairing,
    }


def _tail(name: str, record: Record, arm: Arm) -> dict[str, float | None]:
    """The slow end of the latencies, where each query was waited for."""
    found = {percent: speed.latency_percentile(record.windows, arm, percent) for percent in (95, 99)}
    return {f"{name}_p{percent}": None if value is None else value * 1e3 for percent, value in found.items()}


def _both_arms(record: Record, component: str) -> dict[str, float]:
    baseline = energy.energy_per_query(record.windows, "baseline", component)
    candidate = energy.energy_per_query(record.windows, "candidate", component)
    values = {"baseline": baseline, "candidate": candidate}
    return {arm: value for arm, value in values.items() if value is not None}


def _seen_windows(record: Record, component: str) -> dict[str, list[SeenWindow]]:
    """Windows by arm, in the order they were run; ``component`` was read in all of them."""
    seen: dict[str, list[SeenWindow]] = {"baseline": [], "candidate": []}
    for window in record.windows:
        per_query_j = window.energy_j[component] / window.queries
        seen[window.arm].append(SeenWindow(window.block, window.queries, window.duration_s, per_query_j))
    return seen


def _size_fields(record: Record) -> dict[str, Any]:
    def mb(sizes: dict[str, int], arm: str) -> float | None:
        return sizes[arm] / BYTES_PER_MB if arm in sizes else None

    return {
        "peak_memory_mb": mb(record.peak_memory_bytes, "candidate"),
        "baseline_peak_memory_mb": mb(record.peak_memory_bytes, "baseline"),
        "model_mb": mb(record.model_bytes, "candidate"),
        "baseline_model_mb": mb(record.model_bytes, "baseline"),
    }


def _accuracy_fields(record: Record) -> tuple[dict[str, Any], accuracy.Accuracy | None]:
    task = record.config.get("task")
    task = task if isinstance(task, dict) else {}
    scores = accuracy.compare_scores(record.scores)
    margin = absolute_margin(
        float(task.get("margin") or 0.0),
        relative=bool(task.get("margin_relative")),
        baseline_score=scores.baseline if scores else None,
    )
    if scores is None or record.scores is None:
        return {"margin": margin}, None
    return {
        "margin": margin,
        "metric": scores.metric,
        "higher_is_better": record.scores.higher_is_better,
        "baseline_score": scores.baseline,
        "score": scores.candidate,
        "score_delta": scores.delta,
        "score_delta_low": scores.low,
        "score_delta_high": scores.high,
        "mcnemar_p": scores.mcnemar_p,
        "scored_items": scores.items,
    }, scores


NO_HEADLINE = RecordWarning(
    code="no_headline_energy",
    message="no component was read in every window in one way, so this point has no energy figure",
    remedy="measure the point again with one meter",
)
UNUSABLE_SCORES = RecordWarning(
    code="unusable_scores",
    message="the scores of the two arms do not match item by item, or one is not a finite number; none is shown",
    remedy="look at the candidate's outputs: a technique that yields NaN has broken the model",
)
