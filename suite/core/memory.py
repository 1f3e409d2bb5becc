"""Peak memory of a short run, each arm alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile


def peak_work_bytes(run: Callable[[], object], device: str) -> int | None:
    """The most bytes that were live at once because of ``run``: activations, gradients, caches.

    Weights that lay there before do not count. On CUDA the caching allocator's own peak; on a CPU the
    running sum of torch's allocations and releases, which other libraries' arenas (ONNX Runtime) escape.

    Returns:
        None where nothing was seen, which is no measurement.
    """
    if device == "cuda":
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        torch.cuda.synchronize()
        peak = torch.cuda.max_memory_allocated() - before
    else:
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
            run()
        live = peak = 0
        for event in recorded.profiler.kineto_results.events():
            if event.name() == "[memory]":
                live += event.nbytes()
                peak = max(peak, live)
    return peak or None
