"""Functions that say what they use, and a meter that reads it with the noise of a real one."""

from __future__ import annotations

import dataclasses
import itertools
import random
import time
from collections.abc import Sequence
from typing import Any

from suite.core.meter import Meter, OpenMeter, Readings
from suite.core.protocol import Protocol
from tests.world import protocol

_USED_J = [0.0]


def uses(joules: float):
    """A function that uses so much each time it is called."""

    def function() -> None:
        _USED_J[0] += joules

    return function


def brief(**changes: Any) -> Protocol:
    """A protocol of a tenth of a second."""
    short = {"window_s": {"cpu": 0.002, "cuda": 0.002}, "window_queries": 1, "warmup_slope_s": 0.002}
    return protocol(**(short | {"warmup_max_s": 0.02} | changes))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ledger(Meter):
    """Reads what functions say that they use. Each time it is opened it draws a new share by which it is off.

    Attributes:
        seed: of the noise.
        noise: standard deviation of a window's random share.
        offset: standard deviation of the share by which a whole measurement is off, as from one start of a program to
            the next.
        method: how it says that it reads.
        idle_power_w: read while nothing runs.
    """

    seed: int = 0
    noise: float = 0.0
    offset: float = 0.0
    method: str = "measured:ledger"
    idle_power_w: float = 0.0
    opened: Any = dataclasses.field(default_factory=itertools.count)

    def open(self, device: str, *, boards: Sequence[int] = (0,), pid: int | None = None) -> OpenLedger:
        return OpenLedger(self, random.Random(f"{self.seed} {next(self.opened)}"))


class OpenLedger(OpenMeter):
    def __init__(self, settings: Ledger, drawn: random.Random) -> None:
        self._settings, self._random = settings, drawn
        self._off = 1 + drawn.gauss(0, settings.offset)
        self.closed = False

    def watch(self, arm, loop, *, prefill=False):
        return loop

    def ticker(self, work, *, shared=None):
        return None

    def start(self, *, quiet: bool = False) -> tuple[float, float]:
        return time.perf_counter(), _USED_J[0]

    def stop(self, token: tuple[float, float]) -> Readings:
        duration_s = time.perf_counter() - token[0]
        factor = self._off * (1 + self._random.gauss(0, self._settings.noise))
        energy_j = (_USED_J[0] - token[1]) * factor + self._settings.idle_power_w * duration_s
        return Readings(duration_s=duration_s, energy_j={"cpu": energy_j}, method={"cpu": self._settings.method})

    def describe(self) -> dict[str, Any]:
        return {"name": "ledger", "components": {"cpu": {"method": self._settings.method, "scope": "functions"}}}

    def close(self) -> None:
        self.closed = True
