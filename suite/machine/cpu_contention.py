"""How much of the machine's processors other processes took while a point was measured."""

from __future__ import annotations

import dataclasses
import os
import time

import psutil

from suite.record.schema import RecordWarning

BUSY_CORES = 0.25
"""Cores' worth of foreign work, on average, from which a measurement on the CPU is not undisturbed."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Moment:
    """Processor seconds up to a moment: of the whole machine, and of this process and all that it has started."""

    at_s: float
    machine_s: float
    own_s: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForeignLoad:
    """Average over a point of what others took: ``cores`` worth of processor time, and its ``share`` of the machine."""

    cores: float
    share: float

    def as_noted(self) -> dict[str, float | str]:
        """For the record's environment."""
        return {"cores": round(self.cores, 3), "share": round(self.share, 4), "method": "kernel's processor times"}


def begin() -> Moment:
    """The machine as it is now."""
    times = psutil.cpu_times()._asdict()
    # A guest's time is counted in user and nice as well; iowait is idle time.
    busy = (value for name, value in times.items() if name not in ("idle", "iowait", "guest", "guest_nice"))
    return Moment(at_s=time.monotonic(), machine_s=sum(busy), own_s=_own_s())


def _own_s() -> float:
    """Of this process, its ended children, and those that live: a pool of workers is no foreign work."""
    living = (_seconds_of(child) for child in psutil.Process().children(recursive=True))
    return sum(os.times()[:4]) + sum(living)


def _seconds_of(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.Error:  # it has just ended, and counts as that
        return 0.0


def foreign_load(since: Moment) -> ForeignLoad | None:
    """What other processes have taken since then; None where no time has passed that the kernel could count."""
    now = begin()
    passed_s = now.at_s - since.at_s
    if passed_s <= 0.1:  # the kernel counts in hundredths of a second
        return None
    others_s = max(0.0, (now.machine_s - since.machine_s) - (now.own_s - since.own_s))
    return ForeignLoad(cores=others_s / passed_s, share=others_s / passed_s / (os.cpu_count() or 1))


def busy_machine(load: ForeignLoad | None) -> RecordWarning | None:
    """A warning where other work took more than ``BUSY_CORES``."""
    if load is None or load.cores < BUSY_CORES:
        return None
    return RecordWarning(
        code="busy_machine",
        message=f"other processes kept {load.cores:.1f} cores busy while this point was measured "
        f"({load.share:.0%} of the machine), which slows both arms, widens the interval, and biases the ratio where "
        "one arm waits more than the other (several threads, another library)",
        remedy="end other work on this machine and measure the point again",
    )
