"""From a record to the row of results.csv, plus what the report shows beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from suite.analysis.point.accuracy import compare_scores
from suite.analysis.point.accuracy_fields import accuracy_fields, per_correct_fields
from suite.analysis.point.caveats import caveats
from suite.analysis.point.energy import headline, used_windows
from suite.analysis.point.energy_fields import component_fields, cost_fields, energy_fields
from suite.analysis.point.further_scores import FurtherScore, further_scores
from suite.analysis.point.identity_fields import identity_fields
from suite.analysis.point.instrument import Instrument, instrument
from suite.analysis.point.request_fields import differing_lengths, request_fields
from suite.analysis.point.seen_windows import SeenWindow, seen_windows
from suite.analysis.point.size_fields import size_fields
from suite.analysis.point.speed_fields import gates_of, speed_fields
from suite.analysis.point.spent_energy import spent_energy_j
from suite.analysis.run.judgement import judged
from suite.analysis.run.pareto import marked_front
from suite.analysis.run.retraining import set_against_controls
from suite.analysis.verdict import FLOOR, Verdict, verdict_on
from suite.record.schema import Denominator, Record, RecordWarning, TrainingCheck, Window
from suite.stats.denominator import as_compared
from suite.stats.interval import Estimate
from suite.stats.latency_gates import MissedGate, missed_gates
from suite.stats.paired import left_out_blocks


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
    runtime: str = "eager"
    device: str
    hardware: str | None
    status: str
    reason: str | None
    queries: int | None = None
    device_map: str | None = None
    denominator: Denominator | None = None
    energy_per_query_j: float | None = None
    baseline_energy_per_query_j: float | None = None
    energy_ratio: float | None = None
    energy_ratio_low: float | None = None
    energy_ratio_high: float | None = None
    net_energy_ratio: float | None = None
    net_energy_ratio_low: float | None = None
    net_energy_ratio_high: float | None = None
    energy_per_token_j: float | None = None
    baseline_energy_per_token_j: float | None = None
    energy_per_total_token_j: float | None = None
    baseline_energy_per_total_token_j: float | None = None
    energy_per_request_ratio: float | None = None
    energy_per_request_ratio_low: float | None = None
    energy_per_request_ratio_high: float | None = None
    prefill_energy_per_query_j: float | None = None
    baseline_prefill_energy_per_query_j: float | None = None
    prefill_energy_ratio: float | None = None
    prefill_energy_ratio_low: float | None = None
    prefill_energy_ratio_high: float | None = None
    decode_energy_per_token_j: float | None = None
    baseline_decode_energy_per_token_j: float | None = None
    decode_energy_ratio: float | None = None
    decode_energy_ratio_low: float | None = None
    decode_energy_ratio_high: float | None = None
    energy_basis: str | None = None
    converged: bool | None = None
    pairing: str | None = None
    latency_ms_p50: float | None = None
    latency_ms_p95: float | None = None
    latency_ms_p99: float | None = None
    latency_ratio: float | None = None
    throughput_qps: float | None = None
    first_token_ms_p50: float | None = None
    first_token_ms_p95: float | None = None
    baseline_first_token_ms_p50: float | None = None
    baseline_first_token_ms_p95: float | None = None
    between_tokens_ms_p50: float | None = None
    between_tokens_ms_p95: float | None = None
    baseline_between_tokens_ms_p50: float | None = None
    baseline_between_tokens_ms_p95: float | None = None
    tokens_per_s: float | None = None
    baseline_tokens_per_s: float | None = None
    peak_memory_mb: float | None = None
    model_mb: float | None = None
    metric: str | None = None
    baseline_score: float | None = None
    score: float | None = None
    score_delta: float | None = None
    score_delta_low: float | None = None
    score_delta_high: float | None = None
    energy_per_correct_j: float | None = None
    baseline_energy_per_correct_j: float | None = None
    apply_energy_j: float | None = None
    break_even_queries: float | None = None
    co2e_g_per_1000: float | None = None
    co2e_ratio: float | None = None
    co2e_ratio_low: float | None = None
    co2e_ratio_high: float | None = None
    verdict: Verdict
    verdict_corrected: Verdict | None = None
    pareto: bool = False

    record_id: str
    reason_kind: str | None = None
    relative_carbon_intensity: float | None = None
    distinct_queries: int | None = None
    prompt_tokens_per_query: float | None = None
    energy_per_token_ratio: float | None = None
    energy_per_token_ratio_low: float | None = None
    energy_per_token_ratio_high: float | None = None
    prefill_energy_per_query_j_low: float | None = None
    prefill_energy_per_query_j_high: float | None = None
    baseline_prefill_energy_per_query_j_low: float | None = None
    baseline_prefill_energy_per_query_j_high: float | None = None
    decode_energy_per_token_j_low: float | None = None
    decode_energy_per_token_j_high: float | None = None
    baseline_decode_energy_per_token_j_low: float | None = None
    baseline_decode_energy_per_token_j_high: float | None = None
    component: str | None = None
    method: str | None = None
    block_energy_ratios: list[float] = []
    left_out_blocks: list[int] = []
    instrument_floor: float = FLOOR
    comparisons: int = 1
    is_energy_claimed: bool = False
    energy_ratio_low_corrected: float | None = None
    energy_ratio_high_corrected: float | None = None
    score_delta_low_corrected: float | None = None
    score_delta_high_corrected: float | None = None
    is_near_front: bool = False
    windows: dict[str, list[SeenWindow]] = {}
    energy_per_query_by_component_j: dict[str, dict[str, float]] = {}
    methods: dict[str, str] = {}
    baseline_latency_ms_p50: float | None = None
    baseline_latency_ms_p95: float | None = None
    baseline_latency_ms_p99: float | None = None
    baseline_throughput_qps: float | None = None
    first_token_ms_p99: float | None = None
    baseline_first_token_ms_p99: float | None = None
    between_tokens_ms_p99: float | None = None
    baseline_between_tokens_ms_p99: float | None = None
    tokens_per_request: float | None = None
    baseline_tokens_per_request: float | None = None
    missed_latency_gates: list[MissedGate] = []
    baseline_peak_memory_mb: float | None = None
    baseline_model_mb: float | None = None
    higher_is_better: bool | None = None
    margin: float | None = None
    scored_items: int | None = None
    changed_items: int | None = None
    scored_sources: int | None = None
    score_design_effect: float | None = None
    score_estimate: Estimate | None = None
    mcnemar_p: float | None = None
    scored_from: str | None = None
    chance_score: float | None = None
    is_at_chance: bool = False
    further_scores: list[FurtherScore] = []
    seeds: int | None = None
    score_over_seeds_low: float | None = None
    score_over_seeds_high: float | None = None
    score_over_seeds_sd: float | None = None
    training_curves: dict[str, list[TrainingCheck]] = {}
    training_target_score: float | None = None
    control_point_id: str | None = None
    training_score_delta: float | None = None
    training_score_delta_low: float | None = None
    training_score_delta_high: float | None = None
    beyond_training_score_delta: float | None = None
    beyond_training_score_delta_low: float | None = None
    beyond_training_score_delta_high: float | None = None
    break_even_queries_low: float | None = None
    break_even_queries_high: float | None = None
    apply_duration_s: float | None = None
    spent_energy_j: dict[str, float] = {}
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

    @property
    def is_judged_by_score(self) -> bool:
        """Whether a verdict may rest on the score: there is one, and the baseline's own means something."""
        return self.score is not None and not self.is_at_chance

    @property
    def is_whole_training(self) -> bool:
        """Whether a query is a training from its first weights to its end."""
        return bool(self.training_curves)

    @property
    def is_per_sample(self) -> bool:
        """Whether a query is a training sample."""
        return self.phase == "training" and not self.is_whole_training

    @property
    def claim(self) -> Verdict:
        """What a page may say of the point: its verdict, corrected for the number of comparisons where that is known.

        Tables that older versions derived know no corrected one.
        """
        return self.verdict_corrected or self.verdict


CSV_COLUMNS: tuple[str, ...] = PointSummary.__struct_fields__[: PointSummary.__struct_fields__.index("pareto") + 1]
"""The columns of results.csv, in order."""


def summarise(run: str, records: Sequence[Record], g_co2e_per_kwh: float | None) -> list[PointSummary]:
    """One summary a record of a run, in order, judged beside each other, with the Pareto front marked."""
    points = [summarise_record(run, record, g_co2e_per_kwh) for record in records]
    return marked_front(judged(set_against_controls(points, records)))


def summarise_record(run: str, record: Record, g_co2e_per_kwh: float | None) -> PointSummary:
    """The numbers of one record, its verdict as if it were alone, ``pareto`` not yet decided.

    A point that is not ok has no derived numbers, but what a search spent on it.
    Without an intensity of the grid no carbon is stated.
    """
    fields = identity_fields(run, record)
    if record.config.get("search"):
        fields["spent_energy_j"] = spent_energy_j(record)
    if record.status == "ok":
        fields |= _derived(record, g_co2e_per_kwh)
    return PointSummary(**fields)


def _derived(record: Record, g_co2e_per_kwh: float | None) -> dict[str, Any]:
    scores = compare_scores(record.scores)
    compared = msgspec.structs.replace(record, windows=as_compared(record.windows, record.denominator))
    found = headline(record.windows)
    chosen = used_windows(compared.windows, found.component) if found else compared.windows
    used = _of_blocks(record.windows, chosen)
    fields = _course_fields(record, used) | component_fields(used) | speed_fields(used) | size_fields(record)
    fields |= request_fields(record, used, found.component if found else None)
    fields |= accuracy_fields(record, scores)
    fields["further_scores"] = further_scores(record)
    if found is not None:
        fields |= energy_fields(record, used, chosen, found, g_co2e_per_kwh)
        fields["left_out_blocks"] = list(left_out_blocks(compared.windows, found.component))
        fields |= per_correct_fields(record.scores, fields)
        fields["windows"] = seen_windows(record, found.component)
        fields |= cost_fields(record.apply_cost, found, fields)
    fields["verdict"] = verdict_on(
        ratio_low=fields.get("energy_ratio_low"),
        ratio_high=fields.get("energy_ratio_high"),
        scored=scores is not None and not scores.is_at_chance,
        delta_low=scores.delta.low if scores else None,
        delta_high=scores.delta.high if scores else None,
        margin=fields["margin"],
    )
    fields["warnings"] = [
        *record.warnings,
        *caveats(compared, found, scores, fields["margin"]),
        *differing_lengths(fields),
    ]
    return fields


def _of_blocks(measured: Sequence[Window], chosen: Sequence[Window]) -> list[Window]:
    """Those of the ``measured`` windows whose blocks were ``chosen``."""
    blocks = {window.block for window in chosen}
    return [window for window in measured if window.block in blocks]


def _course_fields(record: Record, used: Sequence[Window]) -> dict[str, Any]:
    """How the measurement went; the queries are those of the windows that the figures are made of."""
    return {
        "distinct_queries": record.distinct_queries,
        "queries": round(sum(window.queries for window in used if window.arm == "candidate")),
        "converged": record.converged,
        "pairing": record.pairing,
        "missed_latency_gates": missed_gates(used, "candidate", gates_of(record)),
        "instrument": instrument(record.windows, record.environment),
    }
