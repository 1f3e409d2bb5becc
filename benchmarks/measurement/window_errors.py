"""How wrong is one window of 5 s, by the way it is opened and closed? And do joules add up?"""

from __future__ import annotations

import dataclasses
import random
import statistics
from collections.abc import Sequence

from benchmarks.measurement.table import Row, percent
from benchmarks.measurement.virtual import QUERY_S, Clock, RealClock, World, protocol, real_codecarbon, world
from suite.measure.window_plan import WindowPlan, plan_windows
from suite.measure.windows import tick_aligned_window, whole_window
from suite.record.schema import Window

WORST, MEAN, COLD, ADDITIVE = 0.01, 0.003, 0.015, 0.01
_WINDOW_S = 5.0
_PAUSE_S = 3.0  # ahead of a cold window


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mode:
    """How a window is opened and closed: after work or a pause, on a tick of the counter or whenever."""

    hot: bool
    gated: bool

    @property
    def name(self) -> str:
        return f"{'hot' if self.hot else 'cold'}, {'gated' if self.gated else 'ungated'}"


MODES = tuple(Mode(hot=hot, gated=gated) for hot in (True, False) for gated in (True, False))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Errors:
    """Relative errors of windows: reading over truth, less 1."""

    bias: float
    spread: float
    worst: float

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Errors:
        """Against the truth that came with each window."""
        return cls.of_shares([_share(window) for window in windows])

    @classmethod
    def of_shares(cls, values: Sequence[float]) -> Errors:
        """Of errors that are known."""
        return cls(bias=statistics.fmean(values), spread=statistics.stdev(values), worst=max(values, key=abs))


def _share(window: Window) -> float:
    assert window.conditions is not None
    return window.energy_j["gpu"] / window.conditions.truth_j["gpu"] - 1


def window_errors(mode: Mode, count: int, *, clock: Clock | None = None) -> Errors:
    """Errors of ``count`` windows through the real CodeCarbon; where they fall in the counter's period is drawn."""
    draw = random.Random(0)
    with world(1.0, real_codecarbon(), clock=clock) as here:
        plan, windows = _plan(here), list[Window]()
        assert plan.ticker is not None
        for block in range(count):
            here.idle(draw.random() + (0 if mode.hot else _PAUSE_S))
            queries = round((_WINDOW_S + draw.random() * plan.ticker.period_s) / QUERY_S)  # no whole number of steps
            windows.append(_window(mode, here, plan, block, queries))
    return Errors.of(windows)


def _plan(here: World) -> WindowPlan:
    seconds = {"baseline": QUERY_S, "candidate": QUERY_S}
    return plan_windows(here.arms, seconds, protocol(), ticker=here.ticker(), swapped=False)  # type: ignore[arg-type]


def _window(mode: Mode, here: World, plan: WindowPlan, block: int, queries: int) -> Window:
    arm, pre_roll = here.arms["baseline"], plan.pre_rolls["baseline"]
    if mode.gated:
        return tick_aligned_window(
            arm, queries, block, here.meter,
            ticker=here.ticker(), step=plan.steps["baseline"],
            pre_roll=pre_roll if mode.hot else plan.steps["baseline"],
        )  # fmt: skip
    if mode.hot:
        arm.loop.run(pre_roll)
    return whole_window(arm, queries, block, here.meter, pre_roll=0)


def additivity(count: int) -> float:
    """E(2N) over 2 E(N), less 1: medians of ``count`` hot, gated windows of each length, by turns."""
    per_query: dict[int, list[float]] = {1: [], 2: []}
    with world(1.0, real_codecarbon(), drift=0.0) as here:
        plan, queries = _plan(here), round(_WINDOW_S / QUERY_S)
        for block in range(count):
            for factor, found in per_query.items():
                window = _window(Mode(hot=True, gated=True), here, plan, block, factor * queries)
                found.append(window.energy_j["gpu"] / window.queries)
    return statistics.median(per_query[2]) / statistics.median(per_query[1]) - 1


def rows(count: int = 60, real: int = 6) -> list[Row]:
    """The table's part."""
    lines = [_row(mode, count, "a clock of its own", window_errors(mode, count)) for mode in MODES]
    lines.append(_row(MODES[0], real, "real time", window_errors(MODES[0], real, clock=RealClock())))
    share = additivity(8)
    lines.append(Row(name="E(2N) / 2 E(N)", figure=percent(share), target="within 1 %", met=abs(share) <= ADDITIVE))
    return lines


def _row(mode: Mode, count: int, clock: str, errors: Errors) -> Row:
    return Row(
        name=f"a 5 s window, {mode.name}, {clock}: bias, SD, worst of {count}",
        figure=", ".join(percent(value) for value in (errors.bias, errors.spread, errors.worst)),
        target=_target(mode),
        met=_met(mode, errors),
    )


def _target(mode: Mode) -> str:
    if mode.hot and mode.gated:
        return "mean within 0.3 %, each within 1 %"
    return "" if mode.hot or mode.gated else "a control: wrong by more than 1.5 %"


def _met(mode: Mode, errors: Errors) -> bool | None:
    if mode.hot and mode.gated:
        return abs(errors.bias) <= MEAN and abs(errors.worst) <= WORST
    return None if mode.hot or mode.gated else abs(errors.bias) > COLD
