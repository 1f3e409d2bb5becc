"""AIPerf's profile_export_aiperf.json: each metric with its unit, which is authoritative.

Schema: docs/reference/json-export-schema.md of AIPerf (versions 1.0 to 1.5), and its
metrics/types/power_efficiency_metrics.py: each vendor's GPUs have metrics of their own, which older versions have as
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from suite.imported.row import NO_ENERGY, ImportedRow, above_zero, over

SOURCE = "AIPerf"
_JOULES = {"J": 1.0, "mJ": 1e-3, "kJ": 1e3, "MJ": 1e6, "Wh": 3.6e3, "kWh": 3.6e6}
_TOKENS_PER_JOULE = {"tokens/J": 1.0, "tokens/mJ": 1e3, "tokens/kJ": 1e-3}
_REQUESTS_PER_S = {"requests/sec": 1.0, "requests/s": 1.0}
_MILLISECONDS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3}


class Metric(msgspec.Struct):
    """One metric."""

    unit: str
    avg: float | None = None
    p50: float | None = None
    p99: float | None = None


class Export(msgspec.Struct):
    """What is read of the file."""

    request_latency: Metric
    request_count: Metric
    aiperf_version: str | None = None
    request_throughput: Metric | None = None
    time_to_first_token: Metric | None = None
    total_gpu_energy: Metric | None = None
    nvidia_total_gpu_energy: Metric | None = None
    amd_total_gpu_energy: Metric | None = None
    output_tokens_per_joule: Metric | None = None
    nvidia_output_tokens_per_joule: Metric | None = None
    amd_output_tokens_per_joule: Metric | None = None

    @property
    def energy_j(self) -> float | None:
        """Of all GPUs; None where none was read."""
        tags = (self.total_gpu_energy, self.nvidia_total_gpu_energy, self.amd_total_gpu_energy)
        return _sum(_in(each, "avg", _JOULES) for each in tags)

    @property
    def energy_per_token_j(self) -> float | None:
        """Of all GPUs, by token that was written."""
        tags = (self.output_tokens_per_joule, self.nvidia_output_tokens_per_joule, self.amd_output_tokens_per_joule)
        return _sum(over(1.0, _in(each, "avg", _TOKENS_PER_JOULE)) for each in tags)


def is_ours(content: Any) -> bool:
    """Whether the content is of this tool."""
    return isinstance(content, dict) and isinstance(content.get("request_latency"), dict) and "config" not in content


def rows(content: Any) -> list[ImportedRow]:
    """One row.

    Raises:
        ValueError: an unknown unit.
    """
    found = msgspec.convert(content, Export)
    energy_j = found.energy_j
    return [
        ImportedRow(
            source=SOURCE,
            source_version=found.aiperf_version,
            label=_model(content) or "profile",
            queries=found.request_count.avg,
            energy_j=energy_j,
            energy_per_query_j=over(energy_j, found.request_count.avg),
            energy_per_token_j=found.energy_per_token_j,
            covers="GPU" if energy_j is not None else None,
            basis="measured" if energy_j is not None else "not stated",
            latency_ms_p50=_in(found.request_latency, "p50", _MILLISECONDS),
            latency_ms_p99=_in(found.request_latency, "p99", _MILLISECONDS),
            first_token_ms_p50=_in(found.time_to_first_token, "p50", _MILLISECONDS),
            throughput_qps=_in(found.request_throughput, "avg", _REQUESTS_PER_S),
            note=None if energy_j is not None else NO_ENERGY,
        )
    ]


def _sum(values: Iterable[float | None]) -> float | None:
    """Of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return above_zero(sum(known)) if known else None


def _in(metric: Metric | None, statistic: str, units: Mapping[str, float]) -> float | None:
    """A statistic in the unit whose factor is 1; None where it is missing."""
    value: float | None = None if metric is None else getattr(metric, statistic)
    if metric is None or value is None:
        return None
    if metric.unit not in units:
        raise ValueError(f"a unit of {metric.unit}, where {', '.join(units)} are known")
    return value * units[metric.unit]


def _model(content: dict[str, Any]) -> str | None:
    """The first model of the configuration, wherever this version has it."""
    config = content.get("input_config")
    endpoint = config.get("endpoint") if isinstance(config, dict) else None
    names = endpoint.get("model_names") if isinstance(endpoint, dict) else None
    return str(names[0]) if isinstance(names, list) and names else None
