"""A world with a known truth: loops that use a known energy per query, a clock that drifts, a meter that reads it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from suite.core.meter import Meter, OpenMeter, Readings
from suite.core.workload import Loop, Work


class World:
    """Time and energy that only work moves. ``drift`` multiplies the energy of a query begun at a time."""

    def __init__(self, drift: Callable[[float], float] = lambda now_s: 1.0) -> None:
        self.now_s, self.energy_j, self.drift = 0.0, 0.0, drift

    def work(self, joules: float, seconds: float) -> None:
        self.energy_j += joules * self.drift(self.now_s)
        self.now_s += seconds


class WorldLoop(Loop):
    """Queries that each take a known energy and time."""

    def __init__(self, world: World, *, joules: float, seconds: float, pass_queries: int = 8) -> None:
        self.world, self.joules, self.seconds, self._pass = world, joules, seconds, pass_queries

    @property
    def pass_queries(self) -> int:
        return self._pass

    def reset(self) -> None:
        pass

    def run(self, queries: int) -> Work:
        for _ in range(queries):
            self.world.work(self.joules, self.seconds)
        return Work(queries=queries, batches=queries, tokens=None, latencies_s=None)


class OpenWorldMeter(OpenMeter):
    def __init__(self, world: World) -> None:
        self.world = world

    def start(self) -> Any:
        return self.world.now_s, self.world.energy_j

    def stop(self, token: Any) -> Readings:
        return Readings(
            duration_s=self.world.now_s - token[0],
            energy_j={"gpu": self.world.energy_j - token[1]},
            method={"gpu": "measured:world"},
        )

    def describe(self) -> dict[str, Any]:
        return {"name": "world", "components": {"gpu": {"method": "measured:world", "scope": "board"}}}

    def warnings(self) -> list[Any]:
        return []

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

    def open(self, device: str) -> OpenWorldMeter:
        return OpenWorldMeter(WallClock())
