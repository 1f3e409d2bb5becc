"""Idle power: what the machine draws with the models resident and nothing running."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from suite.core.meter import OpenMeter
from suite.core.protocol import Protocol
from suite.record.schema import Idle


def idle_power(protocol: Protocol, meter: OpenMeter, notify: Callable[[str], None]) -> Idle | None:
    """Power with nothing running, for the components that are measured; None where the protocol asks for none.

    An estimate from CPU time has no idle share, so nothing is waited for where all is estimated.
    """
    methods = {name: part["method"] for name, part in meter.describe()["components"].items()}
    known = [name for name, method in methods.items() if not method.startswith("estimated")]
    if protocol.idle_s <= 0 or not known:
        return None
    notify("idle")
    time.sleep(protocol.idle_settle_s)
    token = meter.start(quiet=True)
    time.sleep(protocol.idle_s)
    readings = meter.stop(token)
    known = [name for name in known if name in readings.energy_j]
    power_w = {name: readings.energy_j[name] / readings.duration_s for name in known}
    return Idle(
        power_w=power_w,
        method={name: readings.method[name] for name in known},
        board_power_w=[each_j / readings.duration_s for each_j in readings.board_energy_j]
        if len(readings.board_energy_j) > 1
        else [],
    )


def mean_idle(before: Idle | None, after: Idle | None) -> Idle | None:
    """The mean of both readings, each kept beside it; None where either is missing."""
    if before is None or after is None:
        return None
    both = {name: (before.power_w[name], after.power_w[name]) for name in before.power_w if name in after.power_w}
    return Idle(
        power_w={name: (first + last) / 2 for name, (first, last) in both.items()},
        method={name: before.method[name] for name in both},
        before_w={name: first for name, (first, _) in both.items()},
        after_w={name: last for name, (_, last) in both.items()},
        board_power_w=_mean_by_board(before.board_power_w, after.board_power_w),
    )


def _mean_by_board(before_w: Sequence[float], after_w: Sequence[float]) -> list[float]:
    """Watts of each board; empty where one of them did not answer in one of the readings."""
    if len(before_w) != len(after_w):
        return []
    return [sum(each) / 2 for each in zip(before_w, after_w, strict=True)]
