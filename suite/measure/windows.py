"""Windows: the stretches of work that energy is read for.

A window is run in one of four ways:

- **interpolated** (``suite.measure.interpolated_window``), where the energy counter rises in steps and has no lag: its
  steps are noted as they come, and the energy at each end of the window lies between the steps around it.
- **gated**, where the counter shows energy late: the work goes on until the counter steps, the window opens, its
  queries run, the work goes on until the counter steps again, the window closes. The queries of the last bit are
  counted. An ungated window is wrong by up to one step, gated ones by the time of a look at the counter.
- **in slices**, where nothing steps: the windows of both arms are cut into short pieces that take turns. The load
  of a shared machine comes and goes in seconds; pieces of a tenth of a second meet the same load in both arms.
- in one stretch, otherwise. So it is where several GPUs work whose counters show energy late: no moment is a step of
  all of them.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence

from suite.core.meter import OpenMeter, Readings, Ticker
from suite.core.runnable import Runnable
from suite.core.setup import Setup
from suite.core.workload import Loop, Work
from suite.errors import ImpossibleOutput
from suite.record.schema import Arm, Edges, Window

_PATIENCE_PERIODS = 30  # a counter that does not rise for so long stands still
_POWER_ABOVE_LIMIT, _BRIEF_ABOVE_LIMIT = 1.05, 1.5  # the limit holds on average over a second; an H100 of 700 W was
_HELD_S = 1.0  # seen to draw 745 W for 0.35 s


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunnableArm:
    """One arm, ready to run.

    Attributes:
        name: of the arm.
        setup: what is run.
        loop: its queries, ready to be answered.
        first: the query of the list that windows begin with.
    """

    name: Arm
    setup: Runnable
    loop: Loop
    first: int = 0

    def run(self, queries: int, done: int = 0) -> Work:
        """Answers ``queries`` queries of the list, where ``done`` have been answered since ``first``."""
        return self.loop.run(queries, self.first + done)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadyArm(RunnableArm):
    """One arm that runs a model, loaded."""

    setup: Setup


def whole_window(arm: RunnableArm, queries: int, block: int, meter: OpenMeter, *, pre_roll: int) -> Window:
    """A window in one stretch: only the workload runs inside, ``pre_roll`` queries of its own go before it.

    Raises:
        ImpossibleOutput: the readings or the work cannot be.
    """
    arm.loop.reset()
    arm.run(pre_roll)
    arm.setup.synchronize()
    token = meter.start()
    work = arm.run(queries, pre_roll)
    arm.setup.synchronize()
    edges: Edges | None = "unaligned" if arm.setup.device == "cuda" else None
    return make_window(arm.name, block, [work], [meter.stop(token)], edges=edges)


def tick_aligned_window(
    arm: RunnableArm, queries: int, block: int, meter: OpenMeter, *, ticker: Ticker, step: int, pre_roll: int
) -> Window:
    """A window from one rise of the energy counter to another, at least ``queries`` queries apart.

    The arm's own work goes before the window without a pause: the device is hot when it opens, and a counter that
    lags behind shows no more of the other arm. The window starts wherever in the list the wait for the counter
    ended, so that its last, partial pass is not always the same part of the list.

    Args:
        arm: warmed up.
        queries: fewest of the window.
        block: number of the block.
        meter: open.
        ticker: the counter.
        step: queries between two looks at it.
        pre_roll: queries run before the wait begins.

    Raises:
        ImpossibleOutput: the counter stands still, or the readings or the work cannot be.
    """
    arm.loop.reset()
    arm.run(pre_roll)
    arm.setup.synchronize()
    first = pre_roll + sum(work.queries for work in _until_rise(arm, ticker, step, first=pre_roll))
    token = meter.start()
    works = [arm.run(queries, first)]
    arm.setup.synchronize()
    works += _until_rise(arm, ticker, step, first=first + queries)
    return make_window(arm.name, block, works, [meter.stop(token)], edges="tick_aligned")


def _until_rise(arm: RunnableArm, ticker: Ticker, step: int, *, first: int) -> Iterator[Work]:
    """Runs ``step`` queries at a time until the counter has risen."""
    read, patience_s = ticker.read, _PATIENCE_PERIODS * ticker.period_s
    assert read is not None
    seen, began_s = read(), time.perf_counter()
    while True:
        work = arm.run(step, first)
        arm.setup.synchronize()
        yield work
        if read() != seen:
            return
        first += work.queries
        if time.perf_counter() - began_s > patience_s:
            raise ImpossibleOutput(f"the energy counter has not risen in {patience_s:.1f} s of work: it stands still")


def interleaved_windows(
    arms: Sequence[RunnableArm], queries: dict[Arm, int], slices: int, block: int, meter: OpenMeter
) -> list[Window]:
    """One window of each arm, run in ``slices`` pieces that take turns: AB BA AB BA ….

    Args:
        arms: both, in the order in which the block begins.
        queries: of each arm's window: whole batches, at least as many as there are slices.
        slices: pieces a window; their number is the same for both arms, so that each meets the other's once.
        block: number of the block.
        meter: open.

    Raises:
        ImpossibleOutput: the readings or the work of a window cannot be.
    """
    works: dict[Arm, list[Work]] = {arm.name: [] for arm in arms}
    readings: dict[Arm, list[Readings]] = {arm.name: [] for arm in arms}
    for arm in arms:
        arm.loop.reset()
    for index in range(slices):
        for arm in arms if index % 2 == 0 else reversed(arms):
            size = arm.setup.batch_size
            batches = queries[arm.name] // size
            first, last = (size * (batches * end // slices) for end in (index, index + 1))
            with arm.setup.held():
                arm.setup.synchronize()
                token = meter.start()
                works[arm.name].append(arm.run(last - first, first))
                arm.setup.synchronize()
                readings[arm.name].append(meter.stop(token))
    return [make_window(arm.name, block, works[arm.name], readings[arm.name]) for arm in arms]


def make_window(
    arm: Arm, block: int, works: Sequence[Work], readings: Sequence[Readings], *, edges: Edges | None = None
) -> Window:
    """The window that consists of ``works``, read as ``readings``.

    Raises:
        ImpossibleOutput: the readings or the work cannot be.
    """
    work, reading = _all_work(works), _all_readings(readings)
    check_window(work, reading)
    return Window(
        arm=arm,
        block=block,
        queries=work.queries,
        batches=work.batches,
        tokens=work.tokens,
        duration_s=reading.duration_s,
        energy_j=reading.energy_j,
        method=reading.method,
        board_energy_j=list(reading.board_energy_j) if len(reading.board_energy_j) > 1 else [],
        latencies_s=work.latencies_s,
        slices=len(readings),
        edges=edges,
        conditions=reading.conditions,
    )


def _all_work(works: Sequence[Work]) -> Work:
    tokens = [work.tokens for work in works if work.tokens is not None]
    latencies_s = [each for work in works for each in work.latencies_s or ()]
    return Work(
        queries=sum(work.queries for work in works),
        batches=sum(work.batches for work in works),
        tokens=sum(tokens) if tokens else None,
        latencies_s=latencies_s or None,
        has_overlap=any(work.has_overlap for work in works),
    )


def _all_readings(readings: Sequence[Readings]) -> Readings:
    """The sum of the pieces; a component that one of them lacks is not known for the whole."""
    components = set.intersection(*(set(each.energy_j) for each in readings))
    of_boards = [each.board_energy_j for each in readings]
    return Readings(
        duration_s=math.fsum(each.duration_s for each in readings),
        energy_j={name: math.fsum(each.energy_j[name] for each in readings) for name in sorted(components)},
        method={name: readings[0].method[name] for name in sorted(components)},
        board_energy_j=[math.fsum(each) for each in zip(*of_boards, strict=True)] if all(of_boards) else (),
        conditions=readings[0].conditions if len(readings) == 1 else None,
    )


def check_window(work: Work, readings: Readings) -> None:
    """Refuses what cannot be: no work, no time, no energy, more power than the board's limit, latencies too long."""
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
    _check_power(readings)
    _check_latencies(work, readings)


def _check_latencies(work: Work, readings: Readings) -> None:
    longest_s = 1.05 * readings.duration_s
    if work.latencies_s is None:
        return
    if work.has_overlap and max(work.latencies_s) > longest_s:
        raise ImpossibleOutput("a latency of a window is longer than the window")
    if not work.has_overlap and math.fsum(work.latencies_s) > longest_s:
        raise ImpossibleOutput("the latencies of a window add up to more than its duration")


def _check_power(readings: Readings) -> None:
    limit_w = readings.conditions.power_limit_w if readings.conditions else None
    if limit_w is None or "gpu" not in readings.energy_j:
        return
    power_w = readings.energy_j["gpu"] / readings.duration_s
    if power_w > (_POWER_ABOVE_LIMIT if readings.duration_s >= _HELD_S else _BRIEF_ABOVE_LIMIT) * limit_w:
        raise ImpossibleOutput(
            f"a window's mean power was read as {power_w:.0f} W on a board limited to {limit_w:.0f} W"
        )
