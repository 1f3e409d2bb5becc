"""A world with a known truth: loops that use a known energy per query, a clock that drifts, a meter that reads it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.meter import Meter, OpenMeter, Readings
from suite.core.protocol import Protocol
from suite.core.workload import Loop, Work
from suite.machine.which_gpu import FIRST_BOARD
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm
from tests.fakes import fake_setup


class World:
    """Time and energy that only work moves. ``drift`` multiplies the energy of a query begun at a time."""

    def __init__(self, drift: Callable[[float], float] = lambda now_s: 1.0) -> None:
        self.now_s, self.energy_j, self.drift = 0.0, 0.0, drift
        self.past: list[tuple[float, float]] = [(0.0, 0.0)]

    def work(self, joules: float, seconds: float) -> None:
        self.energy_j += joules * self.drift(self.now_s)
        self.now_s += seconds
        self.past.append((self.now_s, self.energy_j))

    def energy_at(self, moment_s: float) -> float:
        """Joules used up to ``moment_s``, evenly within a query."""
        return float(np.interp(moment_s, *zip(*self.past, strict=True)))


class WorldLoop(Loop):
    """Queries that each take a known energy and time."""

    def __init__(self, world: World, *, joules: float, seconds: float, pass_queries: int = 8) -> None:
        self.world, self.joules, self.seconds, self._pass = world, joules, seconds, pass_queries
        self.name, self.ran = "", []  # type: ignore[var-annotated]

    @property
    def pass_queries(self) -> int:
        return self._pass

    @property
    def shapes(self):
        return (0,)

    def keep_first(self, queries: int) -> None:
        pass

    def reset(self) -> None:
        pass

    def run(self, queries: int, first: int = 0) -> Work:
        self.ran.append((self.name, first, queries))
        for _ in range(queries):
            self.world.work(self.joules, self.seconds)
        return Work(queries=queries, batches=queries, tokens=None, latencies_s=None)


def world_arms(
    world: World, *, candidate_j: float = 0.8, seconds: float = 0.1, seeds: tuple[int, int] = (0, 0)
) -> dict[Arm, ReadyArm]:
    """Both arms in batches of four: the baseline uses 1 J a query, the candidate ``candidate_j``."""
    joules: dict[Arm, float] = {"baseline": 1.0, "candidate": candidate_j}
    return {
        name: ReadyArm(
            name=name,
            setup=fake_setup("image", seed=seed),
            loop=WorldLoop(world, joules=joules[name], seconds=seconds),
        )
        for name, seed in zip(joules, seeds, strict=True)
    }


def protocol(**changes: Any) -> Protocol:
    """Rules that end as soon as the figures allow."""
    values = {
        "name": "test", "min_blocks": 4, "max_blocks": 16, "stop_level": 0.97,
        "target_half_width": {"cpu": 0.02, "cuda": 0.01}, "window_s": {"cpu": 1.0, "cuda": 5.0}, "window_queries": 32,
        "window_ticks": 50, "slice_s": {"cpu": None, "cuda": None}, "pairing": "auto", "swapped_factor": 2.0,
        "warmup_min_s": 0.0, "warmup_max_s": 0.2, "warmup_slope_s": 0.01, "warmup_tolerance": 0.5, "idle_s": 0.0,
        "idle_settle_s": 0.0, "max_scored": None, "prefill": False,
    }  # fmt: skip
    return Protocol(**(values | changes))


class OpenWorldMeter(OpenMeter):
    def __init__(self, world: World) -> None:
        self.world = world

    def watch(self, arm: Arm, loop: Loop, *, prefill: bool = False) -> Loop:
        return loop

    def ticker(self, work: Callable[[], None], *, shared: Path | None = None) -> None:
        return None

    def start(self, *, quiet: bool = False) -> Any:
        return self.world.now_s, self.world.energy_j

    def stop(self, token: Any) -> Readings:
        return Readings(
            duration_s=self.world.now_s - token[0],
            energy_j={"gpu": self.world.energy_j - token[1]},
            method={"gpu": "measured:world"},
        )

    def describe(self) -> dict[str, Any]:
        return {"name": "world", "components": {"gpu": {"method": "measured:world", "scope": "board"}}}

    def close(self) -> None:
        pass


class WallClock(World):
    """Real time at ten watts."""

    def __init__(self) -> None:
        self.drift = lambda now_s: 1.0

    @property
    def now_s(self) -> float:  # type: ignore[override]
        return time.perf_counter()

    @property
    def energy_j(self) -> float:  # type: ignore[override]
        return 10 * time.perf_counter()


@dataclasses.dataclass(frozen=True, kw_only=True)
class WallMeter(Meter):
    """Ten watts of wall time: for runs of real models where the figure does not matter."""

    def open(self, device: str, *, boards: Sequence[int] = FIRST_BOARD, pid: int | None = None) -> OpenWorldMeter:
        return OpenWorldMeter(WallClock())
