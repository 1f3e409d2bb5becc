"""Latency gates: how long answers may take, whether a server keeps up, and whether its idle time is in its energy."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import msgspec

from suite.record.schema import Arm, RecordWarning, Window
from suite.stats.paired import headline_component

PERCENTILES = {"p50": 50, "p90": 90, "p99": 99}
"""What a gate may be set on."""
KEPT_UP = 0.95
"""Share of the offered rate below which a server does not keep up, if its queue grows as well."""
GROWTH = 2.0
"""Queries of a window's second half wait so many times as long as those of its first where a queue grows: three times
in a queue that grows steadily from nothing, once in a steady one."""


class MissedGate(msgspec.Struct, frozen=True, kw_only=True):
    """A percentile of the latencies that lies above what was asked for."""

    percent: int
    limit_s: float
    found_s: float


def percentile(latencies_s: Sequence[float], percent: int) -> float | None:
    """Seconds within which ``percent`` of the queries were answered (nearest rank); None where there are none."""
    ordered = sorted(latencies_s)
    return ordered[math.ceil(percent / 100 * len(ordered)) - 1] if ordered else None


def missed_gates(windows: Sequence[Window], arm: Arm, gate_s: Mapping[str, float | None]) -> list[MissedGate]:
    """The gates that the latencies of ``arm`` miss, over all its windows.

    Args:
        windows: of both arms.
        arm: whose.
        gate_s: the longest seconds by percentile (``PERCENTILES``); None for no gate.
    """
    latencies_s = [each for window in windows if window.arm == arm for each in window.latencies_s or ()]
    found = {name: percentile(latencies_s, percent) for name, percent in PERCENTILES.items()}
    return [
        MissedGate(percent=PERCENTILES[name], limit_s=limit_s, found_s=found_s)
        for name, limit_s in gate_s.items()
        if limit_s is not None and (found_s := found[name]) is not None and found_s > limit_s
    ]


def gate_warnings(windows: Sequence[Window], gate_s: Mapping[str, float | None]) -> list[RecordWarning]:
    """One for each arm that misses a gate."""
    return [_gate_warning(arm, missed) for arm in _ARMS if (missed := missed_gates(windows, arm, gate_s))]


def _gate_warning(arm: Arm, missed: Sequence[MissedGate]) -> RecordWarning:
    figures = ", ".join(
        f"p{gate.percent} {1e3 * gate.found_s:.4g} ms instead of at most {1e3 * gate.limit_s:.4g} ms" for gate in missed
    )
    return RecordWarning(
        code="latency_gate_missed",
        message=f"the {arm} misses the latency gate: {figures}",
        remedy="lower workload.rate_per_s or batch_size, or allow more (workload.latency_gate_s)",
    )


def saturation_warnings(windows: Sequence[Window], rate_per_s: float) -> list[RecordWarning]:
    """One for each arm that is given more queries than it can answer.

    Args:
        windows: of both arms, latencies in the order of arrival.
        rate_per_s: queries that arrive in a second.
    """
    return [
        _saturation_warning(arm, answered, rate_per_s)
        for arm in _ARMS
        if (answered := _answered_per_s(windows, arm)) is not None
        and answered < KEPT_UP * rate_per_s
        and _queue_growth(windows, arm) > GROWTH
    ]


def _saturation_warning(arm: Arm, answered_per_s: float, rate_per_s: float) -> RecordWarning:
    return RecordWarning(
        code="saturated",
        message=f"the {arm} answered {answered_per_s:.4g} queries a second where {rate_per_s:.6g} arrive: its queue "
        "grows for as long as a window lasts, so its latencies say nothing and its energy per query is that of offline",
        remedy="lower workload.rate_per_s, or enlarge batch_size",
    )


def idle_warnings(windows: Sequence[Window]) -> list[RecordWarning]:
    """That the time between queries is not in the energy, where it is estimated from the time that a CPU works."""
    component = headline_component(list(windows))
    if component != "cpu" or not windows[0].method[component].startswith("estimated"):
        return []
    return [
        RecordWarning(
            code="idle_not_counted",
            message="CPU energy is estimated from CPU time, of which waiting for queries takes none: the figures are "
            "those of the work alone",
            remedy="run where RAPL can be read (python -m suite.doctor says how), or on a GPU",
        )
    ]


_ARMS: tuple[Arm, ...] = ("baseline", "candidate")


def _answered_per_s(windows: Sequence[Window], arm: Arm) -> float | None:
    chosen = [window for window in windows if window.arm == arm]
    duration_s = math.fsum(window.duration_s for window in chosen)
    return sum(window.queries for window in chosen) / duration_s if duration_s > 0 else None


def _queue_growth(windows: Sequence[Window], arm: Arm) -> float:
    """How many times as long the second half of a window's queries waits as the first; median over windows."""
    halves = [
        statistics.fmean(each[len(each) // 2 :]) / statistics.fmean(each[: len(each) // 2])
        for window in windows
        if window.arm == arm and (each := window.latencies_s or []) and len(each) > 1 and sum(each[: len(each) // 2])
    ]
    return statistics.median(halves) if halves else 0.0
