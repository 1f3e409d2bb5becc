"""The ML.ENERGY benchmark's results.json: Zeus' energy of the GPUs.

Schema: of the ML.ENERGY benchmark 3.0, mlenergy/llm/benchmark.py (steady state) and mlenergy/diffusion/benchmark.py (a
measurement an iteration, as its own tools read them).
"""

from __future__ import annotations

import statistics
from typing import Any

import msgspec

from suite.imported.row import NO_ENERGY, ImportedRow, above_zero, over
from suite.text.i18n import N_

SOURCE = "ML.ENERGY"
STEADY = N_("energy of the steady state: per token, times the mean length of an answer")
_MS_PER_S = 1e3


class Results(msgspec.Struct):
    """What is read of the file."""

    completed: int
    steady_state_energy: float
    steady_state_energy_per_token: float | None
    total_output_tokens: float
    request_throughput: float
    model_id: str | None = None
    gpu_model: str | None = None
    num_gpus: int | None = None
    median_e2el_ms: float | None = None
    p99_e2el_ms: float | None = None
    median_ttft_ms: float | None = None


class Iteration(msgspec.Struct):
    """One batch of a diffusion model: joules by GPU, and seconds."""

    gpu_energy: dict[str, float]
    time: float


class Diffusion(msgspec.Struct):
    """What is read of a diffusion model's file."""

    batch_size: int
    iteration_energy_measurements: list[Iteration]
    model_id: str | None = None


def is_ours(content: Any) -> bool:
    """Whether the content is of this tool."""
    return isinstance(content, dict) and bool({"steady_state_energy", "iteration_energy_measurements"} & set(content))


def rows(content: Any) -> list[ImportedRow]:
    """One row."""
    return [_diffusion(content) if "iteration_energy_measurements" in content else _language(content)]


def _diffusion(content: Any) -> ImportedRow:
    """Energy per picture or video: all iterations' over what they made."""
    found = msgspec.convert(content, Diffusion)
    batches = found.iteration_energy_measurements
    made = found.batch_size * len(batches)
    is_read = bool(batches) and all(each.gpu_energy for each in batches)
    energy_j = above_zero(sum(sum(each.gpu_energy.values()) for each in batches)) if is_read else None
    return ImportedRow(
        source=SOURCE,
        label=found.model_id or "diffusion",
        queries=float(made),
        energy_j=energy_j,
        energy_per_query_j=over(energy_j, made),
        covers="GPU" if energy_j else None,
        basis="measured" if energy_j else "not stated",
        latency_ms_p50=statistics.median(each.time for each in batches) * _MS_PER_S if batches else None,
        throughput_qps=over(float(made), sum(each.time for each in batches)),
        note=N_("latency is that of a batch"),
    )


def _language(content: Any) -> ImportedRow:
    """Energy per query is the steady state's per token times the mean length, as the tool itself prints it."""
    found = msgspec.convert(content, Results)
    per_token = above_zero(found.steady_state_energy_per_token)
    tokens = over(found.total_output_tokens, found.completed)
    gpus = f"{found.num_gpus} x {found.gpu_model}" if found.num_gpus and found.gpu_model else found.gpu_model
    return ImportedRow(
        source=SOURCE,
        label=found.model_id or "llm",
        hardware=gpus,
        queries=float(found.completed),
        energy_per_query_j=None if per_token is None or tokens is None else per_token * tokens,
        energy_per_token_j=per_token,
        covers="GPU" if per_token else None,
        basis="measured" if per_token else "not stated",
        latency_ms_p50=above_zero(found.median_e2el_ms),
        latency_ms_p99=above_zero(found.p99_e2el_ms),
        first_token_ms_p50=above_zero(found.median_ttft_ms),
        throughput_qps=above_zero(found.request_throughput),
        note=STEADY if per_token else NO_ENERGY,
    )
