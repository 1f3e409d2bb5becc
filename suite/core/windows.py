"""Warm-up, windows and blocks: the measuring itself."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable

from suite.blocks import block_ratios, ratio_interval
from suite.core.meter import OpenMeter, Readings
from suite.core.protocol import Protocol
from suite.core.setup import Setup
from suite.core.workload import Loop, Work
from suite.errors import ImpossibleOutput
from suite.interval import Interval
from suite.record import Arm, RecordWarning, Window, headline_component

ORDERS: tuple[tuple[Arm, ...], tuple[Arm, ...]] = (
    ("baseline", "candidate", "candidate", "baseline"),
    ("candidate", "baseline", "baseline", "candidate"),
)
"""A block is four windows; even and odd blocks mirror each other, so that drift cancels within and across them."""

_WINDOW_MARGIN = 1.05  # windows are planned so much longer, lest a faster moment make one too short


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadyArm:
    """One arm, loaded and ready to run."""

    name: Arm
    setup: Setup
    loop: Loop


def common_pass_queries(query_count: int, baseline_batch: int, candidate_batch: int) -> int:
    """The smallest number of queries, at least ``query_count``, that both batch sizes divide."""
    step = math.lcm(baseline_batch, candidate_batch)
    return step * math.ceil(query_count / step)


def window_queries(
    seconds_per_query: dict[Arm, float], *, pass_queries: int, step: int, window_s: float, least: int
) -> dict[Arm, int]:
    """Queries a window of each arm: whole passes over the list, so that both arms see the same mix.

    Where a pass takes longer than a window should, both arms run the same first part of the list: long enough
    for the faster arm, a multiple of ``step`` (the batch sizes' least common multiple), at least ``least``.
    """
    aim_s = window_s * _WINDOW_MARGIN
    pass_s = {arm: pass_queries * each for arm, each in seconds_per_query.items()}
    if max(pass_s.values()) <= aim_s:
        return {
            arm: pass_queries * max(math.ceil(aim_s / pass_s[arm]), math.ceil(least / pass_queries)) for arm in pass_s
        }
    needed = max(least, math.ceil(aim_s / min(seconds_per_query.values())))
    part = step * math.ceil(needed / step)
    if part >= pass_queries:
        part = pass_queries * math.ceil(part / pass_queries)
    return dict.fromkeys(pass_s, part)


def warm_up(arm: ReadyArm, protocol: Protocol) -> tuple[float, RecordWarning | None]:
    """Runs until three slopes in a row agree.

    Returns:
        Seconds per query of the last slope, and a warning where the cap came first.
    """
    size = arm.setup.batch_size
    slopes: list[float] = []
    queries_done, batches, began_s = 0, 1, time.perf_counter()
    while True:
        arm.loop.reset()
        slope_began_s = time.perf_counter()
        work = arm.loop.run(batches * size)
        arm.setup.synchronize()
        took_s = time.perf_counter() - slope_began_s
        queries_done += work.queries
        if took_s >= 0.5 * protocol.warmup_slope_s:
            slopes.append(took_s / work.queries)
        batches = max(1, math.ceil(batches * protocol.warmup_slope_s / max(took_s, 1e-6)))
        spent_s = time.perf_counter() - began_s
        steady = len(slopes) >= 3 and max(slopes[-3:]) <= min(slopes[-3:]) * (1 + protocol.warmup_tolerance)
        if steady and spent_s >= protocol.warmup_min_s and queries_done >= 10:
            return slopes[-1], None
        if spent_s >= protocol.warmup_max_s and slopes:
            return slopes[-1], None if steady else _not_steady(arm.name, slopes, protocol)


def _not_steady(arm: Arm, slopes: list[float], protocol: Protocol) -> RecordWarning:
    spread = max(slopes[-3:]) / min(slopes[-3:]) - 1
    return RecordWarning(
        code="not_steady",
        message=f"the {arm}'s time per query still varied by {100 * spread:.1f} % after {protocol.warmup_max_s:g} s",
        remedy="stop other work on this machine, or allow a longer warm-up (protocol.warmup_max_s)",
    )


def measure_window(arm: ReadyArm, queries: int, block: int, meter: OpenMeter) -> Window:
    """One window: only the workload runs between the meter's start and stop; the device is idle at both ends.

    Raises:
        ImpossibleOutput: the readings or the work cannot be.
    """
    arm.loop.reset()
    arm.setup.synchronize()
    token = meter.start()
    work = arm.loop.run(queries)
    arm.setup.synchronize()
    readings = meter.stop(token)
    check_window(work, readings)
    return Window(
        arm=arm.name,
        block=block,
        queries=work.queries,
        batches=work.batches,
        tokens=work.tokens,
        duration_s=readings.duration_s,
        energy_j=readings.energy_j,
        method=readings.method,
        latencies_s=work.latencies_s,
    )


def check_window(work: Work, readings: Readings) -> None:
    """Refuses what cannot be: no work, no time, energy that is not above zero, latencies longer than the window."""
    if work.queries < 1:
        raise ImpossibleOutput("a window held no query")
    if not readings.duration_s > 0:
        raise ImpossibleOutput(f"a window lasted {readings.duration_s} s")
    for component, energy_j in readings.energy_j.items():
        if not (math.isfinite(energy_j) and energy_j > 0):
            raise ImpossibleOutput(
                f"{component} energy of a window of {readings.duration_s:.3f} s of work was read as {energy_j} J: "
                "the window is shorter than the meter's step, or the meter stands still"
            )
    if work.latencies_s is not None and math.fsum(work.latencies_s) > 1.05 * readings.duration_s:
        raise ImpossibleOutput("the latencies of a window add up to more than its duration")


def measure_blocks(
    arms: dict[Arm, ReadyArm],
    queries: dict[Arm, int],
    protocol: Protocol,
    meter: OpenMeter,
    notify: Callable[[str], None],
    windows: list[Window],
) -> bool:
    """Blocks until the interval is narrow enough or the cap is reached.

    Args:
        arms: both, warmed up.
        queries: a window of each.
        protocol: when to stop.
        meter: open.
        notify: told of each block as it starts.
        windows: every window is appended as it is measured, so that an error later on loses none.

    Returns:
        Whether the target was met.
    """
    device = arms["baseline"].setup.device
    for block in range(protocol.max_blocks):
        notify(f"block {block + 1} of {protocol.min_blocks} to {protocol.max_blocks}")
        for name in ORDERS[block % 2]:
            windows.append(measure_window(arms[name], queries[name], block, meter))
        if block + 1 >= protocol.min_blocks:
            interval = energy_ratio(windows, protocol.stop_level)
            if interval is not None and interval.half_width <= protocol.target_half_width[device]:
                return True
    return False


def energy_ratio(windows: list[Window], level: float) -> Interval | None:
    """Interval of the candidate's energy per query over the baseline's, as far as it is measured.

    Raises:
        ImpossibleOutput: no component was read in every window.
    """
    component = headline_component(windows)
    ratios = block_ratios(windows, component) if component else None
    if ratios is None:
        raise ImpossibleOutput("neither GPU nor CPU energy was read in every window")
    return ratio_interval(ratios, level)
