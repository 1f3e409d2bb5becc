"""How right are windows whose ends lie anywhere between the counter's steps, and is a counter that lags recognised?"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.measurement.paired import paired_windows
from benchmarks.measurement.table import Row, percent
from benchmarks.measurement.virtual import QUERY_S, World, protocol, real_codecarbon, world
from benchmarks.measurement.window_errors import WORST, Errors
from suite.core.meter import Ticker
from suite.core.protocol import Protocol
from suite.measure.interpolated_window import interpolated_window
from suite.measure.window_plan import WindowPlan, plan_windows
from suite.record.schema import Arm, Window
from suite.stats.interval import Interval
from suite.stats.paired import block_ratios, ratio_interval

EACH, HALF_WIDTH, RATIO_WITHIN = 0.005, 0.005, 0.005
LAG_S, LAG_WITHIN_S = 1.0, 0.05
BATCH_S, WINDOW_S, BLOCKS = 0.19, 2.4, 4  # as encoders on an H100 are measured: batches longer than a step
_READING_S = 0.0031  # of an H100's counter
_NOISE = 0.05  # SD of power from one batch to the next; it is in the reading and in the truth alike
_SHORT = "interpolated edges, batches of 190 ms"


@contextmanager
def prompt_board(ratio: float, **changes: Any) -> Iterator[tuple[World, Ticker, WindowPlan]]:
    """A board whose counter steps every 100 ms without lag, probed, and the plan of windows of 2.4 s on it."""
    with world(
        ratio, real_codecarbon(), query_s=BATCH_S, **({"lag_s": 0.0, "reading_s": _READING_S} | changes)
    ) as here:
        ticker = probed(here)
        yield here, ticker, plan_windows(here.arms, _seconds(BATCH_S), rules(), ticker=ticker, swapped=False)


def probed(here: World) -> Ticker:
    """The board's counter, as the meter finds it."""
    ticker = here.meter.ticker(lambda: _batch(here))
    assert ticker is not None
    return ticker


def _batch(here: World) -> None:
    here.arms["baseline"].loop.run(1)


def _seconds(query_s: float) -> dict[Arm, float]:
    return {"baseline": query_s, "candidate": query_s}


def rules() -> Protocol:
    """Those of ``protocol=standard`` with windows of 2.4 s and four blocks."""
    lengths_s = {"cpu": WINDOW_S, "cuda": WINDOW_S}
    return dataclasses.replace(protocol(), window_s=lengths_s, window_queries=1, max_blocks=BLOCKS)


def windows_anywhere(count: int) -> list[Window]:
    """Windows on a noisy board; where they fall in the counter's period is drawn."""
    draw, found = random.Random(0), list[Window]()
    with prompt_board(1.0, noise=_NOISE, noise_s=0.1) as (here, ticker, plan):
        assert ticker.interpolation is not None
        for block in range(count):
            here.idle(draw.random())
            arm = here.arms["baseline"]
            found.append(
                interpolated_window(
                    arm,
                    plan.queries["baseline"],
                    block,
                    here.meter,
                    interpolation=ticker.interpolation,
                    roll=plan.pre_rolls["baseline"],
                )
            )
    return found


def codecarbon_alone(windows: list[Window]) -> Errors:
    """Errors of CodeCarbon's own reading of the same windows."""
    shares = []
    for window in windows:
        assert window.conditions is not None
        shares.append(window.codecarbon_energy_j["gpu"] / window.conditions.truth_j["gpu"] - 1)
    return Errors.of_shares(shares)


def compared(ratio: float) -> Interval:
    """The ratio that four blocks find, under drift, with its 95 % interval."""
    with prompt_board(ratio) as (here, _, plan):
        windows = paired_windows(here.arms, plan, rules(), here.meter)
    ratios = block_ratios(windows, "gpu")
    assert ratios is not None
    interval = ratio_interval(ratios)
    assert interval is not None
    return interval


def lagging_board(blocks: int) -> tuple[Ticker, list[Window]]:
    """A board that shows energy a second late: its counter as it was found, and windows of both arms on it."""
    seconds = _seconds(QUERY_S)
    with world(0.8, real_codecarbon(), lag_s=LAG_S, reading_s=_READING_S) as here:
        ticker = probed(here)
        plan = plan_windows(here.arms, seconds, protocol(), ticker=ticker, swapped=False)
        some = dataclasses.replace(protocol(), min_blocks=blocks, max_blocks=blocks)
        windows = paired_windows(here.arms, plan, some, here.meter)
    return ticker, windows


def rows(count: int = 60) -> list[Row]:
    """The table's part."""
    windows = windows_anywhere(count)
    errors, control = Errors.of(windows), codecarbon_alone(windows)
    same, known = compared(1.0), compared(0.8)
    return [
        Row(
            name=_SHORT,
            figure=f"{_figures(errors)} (bias, SD, worst of {count})",
            target="each within 0.5 %",
            met=abs(errors.worst) <= EACH,
        ),
        Row(
            name=f"{_SHORT}: read by CodeCarbon alone",
            figure=_figures(control),
            target="a control: some wrong by more than 0.5 %",
            met=abs(control.worst) > EACH,
        ),
        Row(
            name=f"{_SHORT}: true ratio 1.000 (A/A), {BLOCKS} blocks",
            figure=_interval(same),
            target="half-width at most 0.5 %, covered",
            met=same.half_width is not None and same.half_width <= HALF_WIDTH and same.holds(1),
        ),
        Row(
            name=f"{_SHORT}: true ratio 0.800, {BLOCKS} blocks",
            figure=_interval(known),
            target="within 0.5 %, covered",
            met=abs(known.estimate / 0.8 - 1) <= RATIO_WITHIN and known.holds(0.8),
        ),
        _lagging_row(),
    ]


def _lagging_row() -> Row:
    ticker, windows = lagging_board(2)
    errors, lag_s = Errors.of(windows), ticker.lag_s
    edges = {window.edges for window in windows}
    return Row(
        name="a board that lags 1 s",
        figure=f"lag {lag_s:.3f} s, windows {', '.join(map(str, edges))}: {_figures(errors)}"
        if lag_s is not None
        else "no lag found",
        target="recognised, tick-aligned, each within 1 %",
        met=lag_s is not None
        and abs(lag_s - LAG_S) <= LAG_WITHIN_S
        and edges == {"tick_aligned"}
        and abs(errors.worst) <= WORST,
    )


def _figures(errors: Errors) -> str:
    return ", ".join(percent(value) for value in (errors.bias, errors.spread, errors.worst))


def _interval(found: Interval) -> str:
    return f"{found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}]"
