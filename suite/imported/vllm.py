"""vLLM's ``vllm bench serve --save-result``: one JSON object, or several with ``--append-result``.

Schema: vllm/benchmarks/serve.py, and lib/energy.py for the energy of GPUs, which newer versions read when told to.
"""

from __future__ import annotations

from typing import Any

import msgspec

from suite.imported.row import ImportedRow, over
from suite.text.i18n import N_

SOURCE = "vLLM"


class Result(msgspec.Struct):
    """What is read of the file."""

    model_id: str
    completed: int
    duration: float
    request_throughput: float
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
    has_energy = found.gpu_energy_j is not None
    return [
        ImportedRow(
            source=SOURCE,
            source_version=found.version,
            label=found.model_id if found.label in (None, "vllm", "openai") else f"{found.model_id}: {found.label}",
            queries=float(found.completed),
            energy_j=found.gpu_energy_j,
            energy_per_query_j=over(found.gpu_energy_j, found.completed),
            energy_per_token_j=found.gpu_energy_per_output_token_j,
            covers="GPU" if has_energy else None,
            basis="measured" if has_energy else "not stated",
            latency_ms_p50=found.median_e2el_ms,
            latency_ms_p99=found.p99_e2el_ms,
            first_token_ms_p50=found.median_ttft_ms,
            throughput_qps=found.request_throughput,
            note=None if has_energy else N_("the file holds no energy"),
        )
    ]
