"""A window whose ends lie anywhere between the steps of energy counters that have no lag.

The window's GPU energy is the counter, or the sum of those of all GPUs in use, interpolated at the window's true ends:
the moments between which nothing but its work ran. Within the step that holds an end the power is taken as constant, so
the arm's own work fills that step on both sides: some before the window and some after it, uncounted. A jump of power
at an end would misplace up to a quarter of the jump times the step.
"""

from __future__ import annotations

import dataclasses
import math
import time

import msgspec

from suite.core.meter import Interpolation, OpenMeter, Readings
from suite.core.workload import Work
from suite.errors import ImpossibleOutput
from suite.measure.windows import RunnableArm, make_window
from suite.record.schema import Arm, Window

_PATIENCE_S = 5.0  # a counter that does not rise for so long stands still
_LOOK_S = 0.01  # between two looks at what is noted


def interpolated_window(
    arm: RunnableArm, queries: int, block: int, meter: OpenMeter, *, interpolation: Interpolation, roll: int
) -> Window:
    """A window of ``queries`` queries, with work of the same arm before and after it.

    Args:
        arm: warmed up.
        queries: of the window.
        block: number of the block.
        meter: open. Its own reading of the GPU stays beside the interpolated one.
        interpolation: of the counters of the GPUs in use.
        roll: queries that last at least one step and the counter's lag: run before the window, and after it until the
            step that holds its end is over.

    Raises:
        ImpossibleOutput: the counter stands still, or the readings or the work cannot be.
    """
    arm.loop.reset()
    arm.run(roll)
    arm.setup.synchronize()
    token = meter.start()
    began_s = time.perf_counter()
    work = arm.run(queries, roll)
    arm.setup.synchronize()
    ended_s = time.perf_counter()
    readings = meter.stop(token)
    _roll_on(arm, interpolation, ended_s, roll, first=roll + queries)
    return window_between(
        began_s, ended_s, arm=arm.name, block=block, work=work, readings=readings, interpolation=interpolation
    )


def window_between(
    began_s: float,
    ended_s: float,
    *,
    arm: Arm,
    block: int,
    work: Work,
    readings: Readings,
    interpolation: Interpolation,
) -> Window:
    """The window of ``work`` between two moments of ``time.perf_counter``, whose steps on both sides are noted.

    Raises:
        ImpossibleOutput: the readings or the work cannot be.
    """
    found = interpolation.rises(began_s, ended_s)
    if not found:  # steps were missed: the meter's own reading is wrong by up to one
        return make_window(arm, block, [work], [readings], edges="unaligned")
    energies_j = [each.energy_j for each in found]
    better = dataclasses.replace(
        readings,
        duration_s=ended_s - began_s,
        energy_j=readings.energy_j | {"gpu": math.fsum(energies_j)},
        board_energy_j=energies_j,
    )
    window = make_window(arm, block, [work], [better], edges="interpolated")
    uncertainty_j = math.hypot(*(each.uncertainty_j for each in found))
    return msgspec.structs.replace(
        window, codecarbon_energy_j=readings.energy_j, energy_uncertainty_j={"gpu": uncertainty_j}
    )


def wait_for_step(interpolation: Interpolation, ended_s: float) -> None:
    """Returns when the step that holds ``ended_s`` is noted. What ran then must have gone on beyond that moment.

    Raises:
        ImpossibleOutput: the counter stands still.
    """
    began_s = time.perf_counter()
    while not interpolation.noted_after(ended_s):
        time.sleep(_LOOK_S)
        _check_patience(began_s)


def _roll_on(arm: RunnableArm, interpolation: Interpolation, ended_s: float, roll: int, *, first: int) -> None:
    """Goes on with the work until the step that holds the window's end is over."""
    while not interpolation.noted_after(ended_s):
        work = arm.run(roll, first)
        arm.setup.synchronize()
        first += work.queries
        _check_patience(ended_s)


def _check_patience(since_s: float) -> None:
    if time.perf_counter() - since_s > _PATIENCE_S:
        raise ImpossibleOutput(f"the energy counter has not risen in {_PATIENCE_S:g} s: it stands still")
