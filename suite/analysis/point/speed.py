"""Latency and throughput of a point, from the same windows as its energy."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from suite.record.schema import Arm, Window
from suite.stats.latency_gates import percentile


def latency_p50(windows: Sequence[Window], arm: Arm) -> float | None:
    """Median seconds until an answer is back.

    Over single queries where each was waited for; else over windows, where a window counts as its mean
    time per batch: a query in a batch is answered when the whole batch is.

    Returns:
        None where neither was recorded.
    """
    chosen = [window for window in windows if window.arm == arm]
    single = [latency for window in chosen for latency in window.latencies_s or []]
    if single:
        return statistics.median(single)
    per_batch = [window.duration_s / window.batches for window in chosen if window.batches]
    return statistics.median(per_batch) if per_batch else None


def latency_percentile(windows: Sequence[Window], arm: Arm, percent: int) -> float | None:
    """Seconds within which ``percent`` of the single queries were answered (nearest rank).

    Returns:
        None where no query was waited for by itself.
    """
    single = [latency for window in windows if window.arm == arm for latency in window.latencies_s or []]
    return percentile(single, percent)


def throughput(windows: Sequence[Window], arm: Arm) -> float | None:
    """Queries a second over all windows of one arm; None where no time passed."""
    chosen = [window for window in windows if window.arm == arm]
    duration_s = math.fsum(window.duration_s for window in chosen)
    return sum(window.queries for window in chosen) / duration_s if duration_s > 0 else None


def tokens_per_s(windows: Sequence[Window], arm: Arm) -> float | None:
    """Tokens written a second over all windows of one arm; None where they were not counted, or no time passed."""
    chosen = [window for window in windows if window.arm == arm]
    counts = [window.tokens for window in chosen if window.tokens is not None]
    duration_s = math.fsum(window.duration_s for window in chosen)
    return sum(counts) / duration_s if counts and len(counts) == len(chosen) and duration_s > 0 else None
