"""The fields of a point's summary that hold latency and throughput, in milliseconds and queries a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.analysis.point import speed
from suite.record.schema import Arm, Record, Window
from suite.stats.latency_gates import PERCENTILES, percentile

_OF_TOKENS = (50, 95, 99)


def speed_fields(windows: Sequence[Window]) -> dict[str, Any]:
    """Of both arms, from the windows that the energy is of."""
    candidate_s, baseline_s = speed.latency_p50(windows, "candidate"), speed.latency_p50(windows, "baseline")
    return {
        **_tail("latency_ms", windows, "candidate"),
        **_tail("baseline_latency_ms", windows, "baseline"),
        "latency_ms_p50": None if candidate_s is None else candidate_s * 1e3,
        "baseline_latency_ms_p50": None if baseline_s is None else baseline_s * 1e3,
        "latency_ratio": candidate_s / baseline_s if candidate_s is not None and baseline_s else None,
        "throughput_qps": speed.throughput(windows, "candidate"),
        "baseline_throughput_qps": speed.throughput(windows, "baseline"),
        **_of_tokens("", windows, "candidate"),
        **_of_tokens("baseline_", windows, "baseline"),
    }


def _of_tokens(prefix: str, windows: Sequence[Window], arm: Arm) -> dict[str, float | None]:
    """When tokens came, where each answer was followed token by token, and how many a second."""
    fields: dict[str, float | None] = {f"{prefix}tokens_per_s": speed.tokens_per_s(windows, arm)}
    for name in ("first_token", "between_tokens"):
        seconds = [each for w in windows if w.arm == arm for each in getattr(w, f"{name}_s") or ()]
        for percent in _OF_TOKENS:
            found_s = percentile(seconds, percent)
            fields[f"{prefix}{name}_ms_p{percent}"] = None if found_s is None else found_s * 1e3
    return fields


def gates_of(record: Record) -> dict[str, float]:
    """Seconds within which a percentage of the answers had to come (``p99``), where the workload asked for that."""
    settings = record.config.get("workload")
    gates = settings.get("latency_gate_s") if isinstance(settings, dict) else None
    return {
        name: float(gates[name])
        for name in PERCENTILES
        if isinstance(gates, dict) and isinstance(gates.get(name), int | float)
    }


def _tail(name: str, windows: Sequence[Window], arm: Arm) -> dict[str, float | None]:
    """The slow end of the latencies, where each query was waited for."""
    found = {percent: speed.latency_percentile(windows, arm, percent) for percent in (95, 99)}
    return {f"{name}_p{percent}": None if value is None else value * 1e3 for percent, value in found.items()}
