"""How long a window is, and in how many pieces it is run."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from suite.core.meter import Ticker
from suite.core.protocol import Protocol
from suite.measure.windows import RunnableArm
from suite.record.schema import Arm

_WINDOW_MARGIN = 1.05  # windows are planned so much longer, lest a faster moment make one too short
_STEPS_A_PERIOD = 20  # how often the counter is looked at while a window waits for it to rise
_PRE_ROLL_PERIODS, _PRE_ROLL_S = 10, 1.0  # of the arm's own work before a window: longer than boards lag or average
_LONG_QUERY = 1 / 3  # a batch longer than this share of the period blurs the edge of a window that waits for a step
_FEWEST_STEPS = 3  # of an interpolated counter in a window: one on each side of those that hold its ends


@dataclasses.dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """What every window of a comparison is.

    Attributes:
        span: queries of the list's first part, which windows run again and again.
        stride: queries of that part by which a block begins later than the one before it; 0: windows run it whole.
        queries: of a window of each arm.
        slices: pieces that the windows of both arms are run in, by turns; 1 is one stretch.
        ticker: the counter that windows wait for, or None.
        steps: queries run between two looks at the counter, by arm.
        pre_rolls: queries run ahead of a window in one stretch, by arm: a GPU must be hot when it opens. Those of an
            interpolated counter fill one of its steps, before a window and after it.
    """

    span: int
    stride: int = 0
    queries: dict[Arm, int]
    slices: int
    ticker: Ticker | None
    steps: dict[Arm, int]
    pre_rolls: dict[Arm, int]


def plan_windows(
    arms: Mapping[Arm, RunnableArm],
    seconds_per_query: dict[Arm, float],
    protocol: Protocol,
    *,
    ticker: Ticker | None,
    swapped: bool,
    paced: bool = False,
) -> WindowPlan:
    """Windows long enough for the meter, and cut into slices where the protocol asks for it and no counter steps.

    Args:
        arms: both.
        seconds_per_query: of each, as the warm-up found it.
        protocol: least lengths.
        ticker: of the meter.
        swapped: whether one arm at a time lies on the device: there windows are longer, and in one stretch.
        paced: whether queries come at a pace of their own: windows are then in one stretch as well, since each piece
            would begin with an empty queue.
    """
    device = arms["baseline"].setup.device
    batch_s = {name: seconds_per_query[name] * arm.setup.batch_size for name, arm in arms.items()}
    window_s = max(
        protocol.window_s[device] * (protocol.swapped_factor if swapped else 1),
        _least_window_s(ticker, protocol.window_ticks, max(batch_s.values())),
    )
    mix = (fresh_mix if protocol.fresh_queries else window_mix)(
        seconds_per_query,
        pass_queries=arms["baseline"].loop.pass_queries,
        step=math.lcm(*(arm.setup.waiting for arm in arms.values())),
        window_s=window_s,
        least=protocol.window_queries,
    )
    queries, slice_s = mix.queries, protocol.slice_s[device]
    in_one = ticker is not None or swapped or paced or slice_s is None
    batches = min(queries[name] // arm.setup.batch_size for name, arm in arms.items())
    if protocol.fresh_queries:  # such a window lasts as long as its queries take
        window_s = max(queries[name] * each_s for name, each_s in seconds_per_query.items())
    slices = 1 if in_one or slice_s is None else _even(min(round(window_s / slice_s), batches))
    period_s = ticker.period_s if ticker else 0.0
    return WindowPlan(
        span=mix.span,
        stride=queries["baseline"] if protocol.fresh_queries else 0,
        queries=queries,
        slices=slices,
        ticker=ticker,
        steps=_lasting(period_s / _STEPS_A_PERIOD, arms, batch_s),
        pre_rolls=_pre_rolls(ticker, arms, batch_s),
    )


def block_s(plan: WindowPlan, seconds_per_query: dict[Arm, float], *, windows: int) -> float:
    """Seconds of a block that has ``windows`` windows of each arm in one stretch, or one in slices, with pre-rolls."""
    if plan.slices > 1:
        return sum(plan.queries[arm] * each_s for arm, each_s in seconds_per_query.items())
    rolls = 2 if plan.ticker and plan.ticker.interpolation else 1
    return windows * sum(
        (plan.queries[arm] + rolls * plan.pre_rolls[arm]) * each_s for arm, each_s in seconds_per_query.items()
    )


def _least_window_s(ticker: Ticker | None, window_ticks: int, longest_batch_s: float) -> float:
    """Seconds that a window must hold of the counter's steps."""
    if ticker is None:
        return 0.0
    if ticker.interpolation:
        return _FEWEST_STEPS * ticker.period_s
    blurred = longest_batch_s > _LONG_QUERY * ticker.period_s
    return window_ticks * ticker.period_s * (2 if blurred else 1)


def _even(slices: int) -> int:
    """Slices come in pairs, AB then BA, so that drift cancels within a block."""
    return max(1, slices - slices % 2)


def _pre_rolls(ticker: Ticker | None, arms: Mapping[Arm, RunnableArm], batch_s: dict[Arm, float]) -> dict[Arm, int]:
    """Queries of each arm ahead of a window: whole batches, at least one."""
    if ticker and ticker.interpolation:
        step_s = _WINDOW_MARGIN * (ticker.period_s + max(0.0, ticker.lag_s or 0.0))
        return {name: arm.setup.batch_size * math.ceil(step_s / batch_s[name]) for name, arm in arms.items()}
    is_counted = arms["baseline"].setup.device == "cuda" or ticker
    lead_s = max(_PRE_ROLL_PERIODS * (ticker.period_s if ticker else 0.0), _PRE_ROLL_S) if is_counted else 0.0
    return _lasting(lead_s, arms, batch_s)


def _lasting(least_s: float, arms: Mapping[Arm, RunnableArm], batch_s: dict[Arm, float]) -> dict[Arm, int]:
    """Queries of each arm that last about ``least_s``: whole batches, at least one."""
    return {name: arm.setup.batch_size * max(1, round(least_s / batch_s[name])) for name, arm in arms.items()}


def common_pass_queries(query_count: int, baseline: int, candidate: int) -> int:
    """The smallest number of queries, at least ``query_count``, of which both arms' waiting queries are a part."""
    step = math.lcm(baseline, candidate)
    return step * math.ceil(query_count / step)


class Mix(NamedTuple):
    """What windows run: so many ``queries`` of each arm, of the first ``span`` queries of the list."""

    span: int
    queries: dict[Arm, int]


def window_mix(
    seconds_per_query: dict[Arm, float], *, pass_queries: int, step: int, window_s: float, least: int
) -> Mix:
    """Both arms run the same mix of queries, each as often as fills the window at its own speed.

    Where a pass over the list takes the slower arm longer than a window should, the list is cut for both arms to a
    first part that fits.

    Args:
        seconds_per_query: of each arm.
        pass_queries: of the whole list.
        step: least common multiple of the arms' waiting queries, of which the part is a multiple.
        window_s: length that is planned; one step of the slower arm may take longer.
        least: fewest queries of a window, as far as they take at most twice that length.
    """
    aim_s = window_s * _WINDOW_MARGIN
    span = min(pass_queries, step * math.ceil(aim_s / max(seconds_per_query.values()) / step))
    return Mix(span, {arm: span * _passes(span, each_s, aim_s, least) for arm, each_s in seconds_per_query.items()})


def fresh_mix(seconds_per_query: dict[Arm, float], *, pass_queries: int, step: int, window_s: float, least: int) -> Mix:
    """Both arms run as many queries, at least ``least``, so that each block goes on where the last one ended.

    Args:
        seconds_per_query: of each arm; the faster one fills the window.
        pass_queries: of the whole list, which is not cut.
        step: least common multiple of the arms' waiting queries, of which the number is a multiple.
        window_s: length that is planned; the slower arm takes longer.
        least: fewest queries of a window.
    """
    filling = window_s * _WINDOW_MARGIN / min(seconds_per_query.values())
    queries = step * math.ceil(max(least, filling) / step)
    return Mix(pass_queries, dict.fromkeys(seconds_per_query, queries))


def distinct_count(queries: Sequence[object], plan: WindowPlan, blocks: int) -> int:
    """How many of ``queries`` differ that so many ``blocks`` run: an item that comes again is the same object.

    Args:
        queries: the whole list, round and round.
        plan: of the windows.
        blocks: that were measured.
    """
    run = blocks * plan.stride if plan.stride else plan.span
    return len({id(query) for query in queries[: min(run, plan.span)]})


def _passes(span: int, query_s: float, aim_s: float, least: int) -> int:
    pass_s = span * query_s
    return max(1, math.ceil(aim_s / pass_s), min(math.ceil(least / span), math.floor(2 * aim_s / pass_s)))
