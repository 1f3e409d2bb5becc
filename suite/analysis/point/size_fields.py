"""The fields of a point's summary that hold sizes, in megabytes (10^6 bytes)."""

from __future__ import annotations

from suite.record.schema import Record
from suite.units import BYTES_PER_MB


def size_fields(record: Record) -> dict[str, float | None]:
    """Peak memory and size of the model of both arms; None where it was not recorded."""
    return {
        "peak_memory_mb": _mb(record.peak_memory_bytes, "candidate"),
        "baseline_peak_memory_mb": _mb(record.peak_memory_bytes, "baseline"),
        "model_mb": _mb(record.model_bytes, "candidate"),
        "baseline_model_mb": _mb(record.model_bytes, "baseline"),
    }


def _mb(sizes: dict[str, int], arm: str) -> float | None:
    return sizes[arm] / BYTES_PER_MB if arm in sizes else None
