"""How much of the time the device works: where it waits for the host, a ratio says little about the technique.

The share is the time in which at least one kernel or copy ran on the GPU, over the wall time of the same work without
the profiler (which slows the host, and hardly a kernel). Taken on a few batches outside the windows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from torch.profiler import ProfilerActivity, profile

from suite.measure.residency import Residency
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm

_LONGEST_S = 0.2  # of work that is profiled: a decoding model launches tens of thousands of kernels a second
_NS_PER_S = 1e9


def device_busy_shares(arms: dict[Arm, ReadyArm], residency: Residency) -> dict[str, float]:
    """The share of each arm's time in which its GPU works, in [0, 1]; absent where it was not seen.

    Args:
        arms: warmed up; those on a CPU, which is its own host, have no share.
        residency: which arm lies on the device.
    """
    shares: dict[str, float] = {}
    for name, arm in arms.items():
        if arm.setup.device != "cuda":
            continue
        residency.bring(name)
        with arm.setup.held():
            share = _share(arm)
        if share is not None:
            shares[name] = share
    return shares


def _share(arm: ReadyArm) -> float | None:
    size = arm.setup.batch_size

    def work(batches: int) -> float:
        began_s = time.perf_counter()
        arm.loop.run_part(batches * size)
        arm.setup.synchronize()
        return time.perf_counter() - began_s

    arm.loop.reset()
    one_s = work(1)
    most = max(1, arm.loop.pass_queries // size)
    batches = max(1, min(most, math.floor(_LONGEST_S / max(one_s, 1e-6))))
    wall_s = work(batches)
    busy_s = _busy_s(lambda: work(batches))
    return None if busy_s is None else min(1.0, busy_s / wall_s)


def _busy_s(work: Callable[[], object]) -> float | None:
    """Seconds of ``work`` in which the GPU was busy; None where the profiler saw no kernel (no CUPTI)."""
    # acc_events changes nothing for one cycle, and without it torch 2.11 warns that cycles are kept apart
    with profile(activities=[ProfilerActivity.CUDA], acc_events=True) as recorded:
        work()
    on_device = [
        (event.start_ns(), event.start_ns() + event.duration_ns())
        for event in recorded.profiler.kineto_results.events()
        if event.device_type().name == "CUDA"
    ]
    return union_length(on_device) / _NS_PER_S if on_device else None


def union_length(intervals: Iterable[tuple[float, float]]) -> float:
    """Length that ``intervals`` (start, end) cover together; what overlaps counts once, as streams run side by side."""
    covered, reached = 0.0, -math.inf
    for start, end in sorted(intervals):
        if end > reached:
            covered += end - max(start, reached)
            reached = end
    return covered
