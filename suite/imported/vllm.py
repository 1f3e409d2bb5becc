"""vLLM's ``vllm bench serve --save-result``: one JSON object, or several with ``--append-result``.

Schema: vllm/benchmarks/serve.py, and lib/energy.py for the energy of GPUs, which newer versions read when told to.
"""

from __future__ import annotations

from typing import Any

import msgspec

from suite.imported.row import NO_ENERGY, ImportedRow, above_zero, over
from suite.text.i18n import N_

SOURCE = "vLLM"


class Result(msgspec.Struct):
    """What is read of the file."""

    model_id: str
    completed: int
    duration: float
    request_throughput: float
    failed: int = 0
    label: str | None = None
    version: str | None = None
    gpu_energy_j: float | None = None
    gpu_energy_per_output_token_j: float | None = None
    median_e2el_ms: float | None = None
    p99_e2el_ms: float | None = None
    median_ttft_ms: float | None = None


def is_ours(content: Any) -> bool:
    """Whether the content is of this tool."""
    return isinstance(content, dict) and {"endpoint_type", "completed", "request_throughput"} <= set(content)


def rows(content: Any) -> list[ImportedRow]:
    """One row."""
    found = msgspec.convert(content, Result)
    energy_j = above_zero(found.gpu_energy_j)
    return [
        ImportedRow(
            source=SOURCE,
            source_version=found.version,
            label=found.model_id if found.label in (None, "vllm", "openai") else f"{found.model_id}: {found.label}",
            queries=float(found.completed),
            energy_j=energy_j,
            energy_per_query_j=over(energy_j, found.completed),
            energy_per_token_j=above_zero(found.gpu_energy_per_output_token_j),
            covers="GPU" if energy_j else None,
            basis="measured" if energy_j else "not stated",
            latency_ms_p50=above_zero(found.median_e2el_ms),
            latency_ms_p99=above_zero(found.p99_e2el_ms),
            first_token_ms_p50=above_zero(found.median_ttft_ms),
            throughput_qps=above_zero(found.request_throughput),
            note=_note(found, energy_j),
        )
    ]


def _note(found: Result, energy_j: float | None) -> str | None:
    if found.failed:
        return N_("some requests failed; their energy and time count among those that were answered")
    return None if energy_j else NO_ENERGY
