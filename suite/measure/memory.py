"""Memory of a short run, each arm alone: whether it fits, and its peak."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import torch
from torch.profiler import ProfilerActivity, profile

from suite.machine.which_gpu import FIRST_BOARD
from suite.measure.residency import Residency
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm, Phase

_BATCHES: dict[Phase, int] = {"inference": 1, "training": 2}  # the first step of training makes what the second keeps


def try_out(arms: dict[Arm, ReadyArm], residency: Residency) -> None:
    """Runs each arm for a moment.

    Raises:
        torch.OutOfMemoryError: its work does not fit.
    """
    for name, arm in arms.items():
        residency.bring(name)
        arm.loop.reset()
        arm.loop.run_part(_short(arm))
        arm.setup.synchronize()


def peak_bytes(arms: dict[Arm, ReadyArm], model_bytes: dict[str, int], residency: Residency) -> dict[str, int]:
    """Peak bytes of each arm: its own weights plus the most that its work held at once; absent where not seen.

    Args:
        arms: that have run before, so that each has made what it keeps (workspaces, caches).
        model_bytes: of each arm's weights.
        residency: which arm lies on the device.
    """
    peaks: dict[str, int] = {}
    for name, arm in arms.items():
        if arm.setup.engine is not None:  # it works in another thread, and took its cache before: neither is seen here
            continue
        residency.bring(name)
        arm.loop.reset()
        with arm.setup.held():
            run = functools.partial(arm.loop.run_part, _short(arm))
            work = peak_work_bytes(run, arm.setup.device, arm.setup.boards)
        if work is not None:
            peaks[name] = model_bytes[name] + work
    return peaks


def _short(arm: ReadyArm) -> int:
    """Queries of a run that is long enough to show what work needs."""
    return min(arm.loop.pass_queries, _BATCHES[arm.setup.phase] * arm.setup.batch_size)


def peak_work_bytes(run: Callable[[], object], device: str, boards: Sequence[int] = FIRST_BOARD) -> int | None:
    """The most bytes that were live at once because of ``run``: activations, gradients, caches.

    Weights that lay there before do not count. On CUDA the caching allocator's own peak, the sum of those of all GPUs
    in use; on a CPU the running sum of torch's allocations and releases, which other libraries' arenas (ONNX Runtime)
    escape.

    Returns:
        None where nothing was seen, which is no measurement.
    """
    if device == "cuda":
        for board in boards:
            torch.cuda.synchronize(board)
            torch.cuda.reset_peak_memory_stats(board)
        before = sum(map(torch.cuda.memory_allocated, boards))
        run()
        for board in boards:
            torch.cuda.synchronize(board)
        peak = sum(map(torch.cuda.max_memory_allocated, boards)) - before
    else:
        # acc_events changes nothing for one cycle, and without it torch 2.11 warns that cycles are kept apart
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as recorded:
            run()
        live = peak = 0
        for event in recorded.profiler.kineto_results.events():
            if event.name() == "[memory]":
                live += event.nbytes()
                peak = max(peak, live)
    return peak or None
