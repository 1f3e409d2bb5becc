"""Compiling as set-up of an arm: every shape of its queries once, counted and costed; never inside a window."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from suite.core.meter import OpenMeter
from suite.errors import ImpossibleOutput, NoEffect, NotApplicable
from suite.measure.one_off import metered
from suite.measure.residency import Residency
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm, CompileCost

_MOST_PASSES = 5
"""CUDA graphs run once to warm up, once to be recorded; a pass in which nothing was compiled ends the set-up."""


class Recompiled(ImpossibleOutput):
    """Something was compiled inside a window, whose energy then holds more than the queries."""


class CompileWatch:
    """Counts what torch compiles in this process: graphs, deferred backward passes, recordings of CUDA graphs.

    Attributes:
        count: events so far.
        seconds: spent on them.
        last: the kind of the last one.
    """

    def __init__(self) -> None:
        """Counts from entering it as a context."""
        self.count, self.seconds, self.last = 0, 0.0, ""
        self._began_s = 0.0

    def __enter__(self) -> Self:
        from torch._dynamo.callback import callback_handler

        callback_handler.register_start_callback(self._start)
        callback_handler.register_end_callback(self._end)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        from torch._dynamo.callback import callback_handler

        with contextlib.suppress(ValueError):  # a reset of Dynamo has cleared its lists
            callback_handler.start_callbacks.remove(self._start)
            callback_handler.end_callbacks.remove(self._end)

    def _start(self, arguments: Any) -> None:
        self.count += 1
        self.last = arguments.callback_trigger.name.lower().replace("_", " ")
        self._began_s = time.perf_counter()

    def _end(self, arguments: Any) -> None:
        self.seconds += time.perf_counter() - self._began_s

    def require_none_since(self, count: int, where: str) -> None:
        """Raises Recompiled if anything was compiled since ``count``."""
        if self.count > count:
            raise Recompiled(f"{self.count - count} graphs were compiled inside {where} ({self.last})")


def keep_compiled_code(folder: Path) -> None:
    """Compiled code of this process goes to ``folder``, so that the points of a run compile a baseline once.

    Must be called before anything is compiled. A folder that the user has set stays.
    """
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder.resolve()))


def compile_arms(
    arms: dict[Arm, ReadyArm], meter: OpenMeter, residency: Residency, watch: CompileWatch
) -> dict[str, CompileCost]:
    """Runs a batch of each shape of each compiled arm until nothing is compiled any more.

    An arm whose model has the class and shapes of the other's shares its graphs: its own cost is then small.

    Raises:
        NotApplicable: the model cannot be compiled as one graph.
        NoEffect: nothing was compiled.
        Recompiled: compiling does not end.
    """
    costs: dict[str, CompileCost] = {
        name: _compile(arm, meter, residency, watch) for name, arm in arms.items() if _is_compiled(arm)
    }
    if costs and not any(cost.graphs for cost in costs.values()):
        raise NoEffect("compiled, but torch made no graph of this model: it ran eager")
    return costs


def _is_compiled(arm: ReadyArm) -> bool:
    return arm.setup.runtime == "compiled"


def _compile(arm: ReadyArm, meter: OpenMeter, residency: Residency, watch: CompileWatch) -> CompileCost:
    from torch._dynamo.exc import Unsupported
    from torch._dynamo.utils import counters

    residency.bring(arm.name)
    first, hits = watch.count, counters["inductor"]["fxgraph_cache_hit"]
    arm.loop.reset()
    try:
        with arm.setup.held():
            spent = metered(meter, lambda: _until_nothing_is_compiled(arm, watch))
    except Unsupported as error:
        raise NotApplicable(f"the model cannot be compiled as one graph: {str(error).splitlines()[0]}") from error
    return CompileCost(
        duration_s=spent.duration_s,
        graphs=watch.count - first,
        cache_hits=counters["inductor"]["fxgraph_cache_hit"] - hits,
        energy_j=spent.energy_j,
        method=spent.method,
    )


def _until_nothing_is_compiled(arm: ReadyArm, watch: CompileWatch) -> None:
    for _ in range(_MOST_PASSES):
        before = watch.count
        for query in arm.loop.shapes:
            arm.loop.run(arm.setup.batch_size, query)
        arm.setup.synchronize()
        if watch.count == before:
            return
    raise Recompiled(f"the {arm.name} is compiled anew in each of {_MOST_PASSES} passes ({watch.last})")
