"""Records made up for tests: every figure in them is chosen here, none was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from suite.analysis.results.lineage import unknown_lineages
from suite.analysis.results.parquet import TABLE, parquet_bytes
from suite.analysis.results.reader import read_results
from suite.analysis.results.run_results import RunResults
from suite.io.paths import CONF
from suite.plugins.conf_folders import techniques
from suite.record.schema import (
    SCHEMA_VERSION,
    ApplyCost,
    Arm,
    Conditions,
    Edges,
    Idle,
    MitigationUse,
    Phase,
    Point,
    Reason,
    Record,
    RecordWarning,
    Scores,
    Status,
    TrainingCheck,
    Window,
)
from suite.record.store import save

ESTIMATED = "estimated:cpu_time_x_tdp"
COUNTER = "measured:nvml_energy_counter"
ABBA = ("baseline", "candidate", "candidate", "baseline")
BAAB = ("candidate", "baseline", "baseline", "candidate")


def windows(
    block_ratios: Sequence[float],
    *,
    baseline_j: float = 1.0,
    queries: int = 100,
    duration_s: float = 1.0,
    component: str = "cpu",
    method: str = ESTIMATED,
    beside: dict[str, tuple[float, str]] | None = None,
    time_ratio: float = 1.0,
    batch_sizes: tuple[int, int] = (10, 10),
    tokens: int | None = None,
    writes: Sequence[Arm] = ("baseline", "candidate"),
    latencies: bool = False,
    slices: int = 1,
    edges: Edges | None = None,
    conditions: dict[str, Any] | None = None,
) -> list[Window]:
    """Blocks of four windows whose candidate takes ``block_ratios`` times the baseline's ``baseline_j`` a query.

    ``tokens`` are those of each window of an arm that ``writes`` any. ``conditions`` are those of every window; where
    given, the counter and the integral of power read what it used.
    """
    made = []
    for block, ratio in enumerate(block_ratios):
        for arm in ABBA if block % 2 == 0 else BAAB:
            factor = ratio if arm == "candidate" else 1.0
            seconds = duration_s * (time_ratio if arm == "candidate" else 1.0)
            extra = beside or {}
            made.append(
                Window(
                    arm=arm,  # type: ignore[arg-type]
                    block=block,
                    queries=queries,
                    tokens=tokens if arm in writes else None,
                    duration_s=seconds,
                    energy_j={
                        component: baseline_j * factor * queries,
                        **{k: v[0] * queries for k, v in extra.items()},
                    },
                    method={component: method, **{k: v[1] for k, v in extra.items()}},
                    batches=queries // batch_sizes[arm == "candidate"],
                    latencies_s=[seconds / queries] * queries if latencies else None,
                    slices=slices,
                    edges=edges,
                    conditions=None
                    if conditions is None
                    else Conditions(
                        **dict.fromkeys(("counter_j", "integral_j"), baseline_j * factor * queries) | conditions
                    ),
                )
            )
    return made


def snapshot(**changes: Any) -> dict[str, Any]:
    """What ``effect`` says of one arm."""
    figures = {
        "batch_size": 32,
        "dtype": "float32",
        "parameters": 1_203_456,
        "bytes": 4_813_824,
        "sparsity": 0.0,
        "quantised_share": 0.0,
        "dtypes": {"float32": 1.0},
    }
    return figures | changes


BOARD: dict[str, Any] = {
    "polls": 120,
    "max_power_w": 390.0,
    "power_limit_w": 400.0,
    "longest_still_s": 0.15,
    "temperature_c": [61.0, 64.0],
    "sm_clock_mhz": [1980.0, 1965.0],
    "foreign_processes": 0,
}
"""Conditions of a window that nothing is wrong with, but for the energies."""


def environment(hardware: str = "Example CPU, 2 logical CPUs", gpu: str | None = None) -> dict[str, Any]:
    """As ``suite.machine.environment`` and the meter write it."""
    components: dict[str, Any] = {
        "cpu": {"method": ESTIMATED, "scope": "this process and its children", "tdp_w": 120.0, "model": "Example CPU"}
    }
    if gpu:
        components["gpu"] = {"method": COUNTER, "scope": "board", "index": 0, "energy_counter": True, "period_s": 0.1}
    return {
        "meter": {"name": "codecarbon", "tracking_mode": "process", "components": components, "ram": "excluded"},
        "hardware": {
            "name": gpu or hardware,
            "cpu": "Example CPU",
            "cores": 2,
            "threads": 2,
            "memory_bytes": 8_589_934_592,
            "gpu": gpu,
        },
        "driver": {},
        "packages": {"torch": "2.13.0+cpu", "transformers": "5.23.0", "codecarbon": "3.3.2"},
        "python": "3.11.7",
        "platform": "Linux-6.1-x86_64",
        "git_revision": "0123456789abcdef0123456789abcdef01234567",
    }


def target_of(technique: str) -> str:
    """The class of a technique of this suite, or one that a package of somebody's would have."""
    known = techniques([CONF]).get(technique, {})
    return str(known.get("_target_", f"their_package.{technique}.Technique"))


def record(
    *,
    task: str = "image_classification",
    model: str = "vit_digits",
    mitigations: Sequence[tuple[str, dict[str, Any]]] = (),
    phase: Phase = "inference",
    workload: str = "offline",
    batch_size: int = 32,
    device: str = "cpu",
    dtype: str = "float32",
    status: Status = "ok",
    reason: Reason | None = None,
    run_windows: Sequence[Window] = (),
    scores: Scores | None = None,
    margin: float = 0.01,
    margin_relative: bool = False,
    apply_cost: ApplyCost | None = None,
    candidate: dict[str, Any] | None = None,
    where: dict[str, Any] | None = None,
    idle: Idle | None = None,
    warnings: Sequence[RecordWarning] = (),
    converged: bool | None = True,
    minute: int = 0,
    peak: tuple[int, int] | None = (60_000_000, 60_000_000),
    prefill_windows: Sequence[Window] = (),
    prompt_tokens_per_query: float | None = None,
    distinct_queries: int | None = None,
    training_curves: dict[str, list[TrainingCheck]] | None = None,
    training_target_score: float | None = None,
) -> Record:
    """One record; everything that a test does not choose is plain."""
    point = Point(
        task=task,
        model=model,
        mitigations=[MitigationUse(name=name, params=params) for name, params in mitigations],
        phase=phase,
        workload=workload,
        batch_size=batch_size,
        device=device,
        dtype=dtype,
    )
    ran = status == "ok"
    baseline, changed = snapshot(batch_size=batch_size), snapshot(batch_size=batch_size) | (candidate or {})
    config = {
        "name": "example",
        "task": {"name": task, "data": None, "margin": margin, "margin_relative": margin_relative},
        "model": {"name": model, "path": f"models/{model}", "weights": "pretrained"},
        "mitigation": {name: {"_target_": target_of(name), **params} for name, params in mitigations},
        "protocol": {"name": "quick"},
        "batch_size": batch_size,
        "seed": 0,
    }
    return Record(
        schema_version=SCHEMA_VERSION,
        record_id=f"{minute:032x}",
        point_id=point.point_id,
        config_hash="0" * 12,
        status=status,
        reason=reason,
        started_at=f"2026-01-02T{3 + minute // 60:02}:{minute % 60:02}:00.000+00:00",
        finished_at=f"2026-01-02T{3 + minute // 60:02}:{minute % 60:02}:40.000+00:00",
        config=config,
        point=point,
        environment=where or environment(),
        effect={"baseline": baseline, "candidate": changed, "proof": {name: {} for name, _ in mitigations}}
        if ran
        else {},
        apply_cost=apply_cost,
        windows=list(run_windows),
        prefill_windows=list(prefill_windows),
        prompt_tokens_per_query=prompt_tokens_per_query,
        distinct_queries=distinct_queries,
        pairing="resident" if ran else None,
        converged=converged if ran else None,
        peak_memory_bytes={"baseline": peak[0], "candidate": peak[1]} if ran and peak else {},
        idle=idle,
        scores=scores,
        training_curves=training_curves or {},
        training_target_score=training_target_score,
        model_bytes={"baseline": baseline["bytes"], "candidate": changed["bytes"]} if ran else {},
        warnings=list(warnings),
    )


def binary_scores(right: int, lost: int, won: int, wrong: int) -> Scores:
    """Accuracy scores: items both right, only the baseline right, only the candidate right, both wrong."""
    baseline = [1.0] * (right + lost) + [0.0] * (won + wrong)
    candidate = [1.0] * right + [0.0] * lost + [1.0] * won + [0.0] * wrong
    return Scores(metric="accuracy", higher_is_better=True, baseline=baseline, candidate=candidate)


def write_run(folder: Path, records: Sequence[Record]) -> Path:
    """Saves ``records`` as a run; returns its folder."""
    for one in records:
        save(one, folder / "records")
    return folder


def publish_table(run: Path, folder: Path, *, analysis: str | None = None) -> Path:
    """The table that the report of ``run`` would write, alone in ``folder``; by another version of the ``analysis``."""
    folder.mkdir(parents=True, exist_ok=True)
    results = read_results(run, g_co2e_per_kwh=475.0)
    if analysis:
        lineages = tuple(msgspec.structs.replace(each, analysis=analysis) for each in results.lineages)
        results = dataclasses.replace(results, lineages=lineages)
    (folder / TABLE).write_bytes(parquet_bytes(results))
    return folder


def no_points(unreadable: tuple[str, ...] = ()) -> RunResults:
    """A run that has not got a readable record yet."""
    lineages = unknown_lineages(["empty"])
    return RunResults(lineages=lineages, points=(), unreadable=unreadable, superseded=0, notes=())
