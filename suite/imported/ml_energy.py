"""The ML.ENERGY benchmark's results.json of language models: Zeus' energy of the GPUs in the steady state.

Schema: mlenergy/llm/benchmark.py of the ML.ENERGY benchmark 3.0.
"""

from __future__ import annotations

from typing import Any

import msgspec

from suite.imported.row import ImportedRow, over
from suite.text.i18n import N_

SOURCE = "ML.ENERGY"


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


def is_ours(content: Any) -> bool:
    """Whether the content is of this tool."""
    return isinstance(content, dict) and "steady_state_energy" in content


def rows(content: Any) -> list[ImportedRow]:
    """One row; energy per query is the steady state's per token times the mean length, as the tool itself prints it."""
    found = msgspec.convert(content, Results)
    per_token, tokens = found.steady_state_energy_per_token, over(found.total_output_tokens, found.completed)
    gpus = f"{found.num_gpus} x {found.gpu_model}" if found.num_gpus and found.gpu_model else found.gpu_model
    return [
        ImportedRow(
            source=SOURCE,
            label=found.model_id or "llm",
            hardware=gpus,
            queries=float(found.completed),
            energy_per_query_j=None if per_token is None or tokens is None else per_token * tokens,
            energy_per_token_j=per_token,
            covers="GPU",
            basis="measured",
            latency_ms_p50=found.median_e2el_ms,
            latency_ms_p99=found.p99_e2el_ms,
            first_token_ms_p50=found.median_ttft_ms,
            throughput_qps=found.request_throughput,
            note=N_("energy of the steady state: per token, times the mean length of an answer"),
        )
    ]
