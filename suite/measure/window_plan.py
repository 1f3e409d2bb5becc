"""How long a window is, and in how many pieces it is run."""

from __future__ import annotations

import dataclasses
import math

from suite.core.meter import Ticker
from suite.core.protocol import Protocol
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm

_WINDOW_MARGIN = 1.05  # windows are planned so much longer, lest a faster moment make one too short
_STEPS_A_PERIOD = 20  # how often the counter is looked at while a window waits for it to rise
_LEAD_PERIODS, _LEAD_S = 10, 1.0  # of the arm's own work before a window: longer than boards lag or average
_LONG_QUERY = 1 / 3  # a batch longer than this share of the period blurs the edge of a window that waits for a step
_FEWEST_STEPS = 3  # of an interpolated counter in a window: one on each side of those that hold its ends


@dataclasses.dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """What every window of a comparison is.

    Attributes:
        queries: of a window of each arm.
        slices: pieces that the windows of both arms are run in, by turns; 1 is one stretch.
        ticker: the counter that windows wait for, or None.
        steps: queries run between two looks at the counter, by arm.
        leads: queries run ahead of a window in one stretch, by arm: a GPU must be hot when it opens. Those of an
            interpolated counter fill one of its steps, before a window and after it.
    """

    queries: dict[Arm, int]
    slices: int
    ticker: Ticker | None
    steps: dict[Arm, int]
    leads: dict[Arm, int]


def plan_windows(
    arms: dict[Arm, ReadyArm],
    seconds_per_query: dict[Arm, float],
    protocol: Protocol,
    *,
    ticker: Ticker | None,
    swapped: bool,
) -> WindowPlan:
    """Windows long enough for the meter, and cut into slices where the protocol asks for it and no counter steps.

    Args:
        arms: both.
        seconds_per_query: of each, as the warm-up found it.
        protocol: least lengths.
        ticker: of the meter.
        swapped: whether one arm at a time lies on the device: there windows are longer, and in one stretch.
    """
    device = arms["baseline"].setup.device
    batch_s = {name: seconds_per_query[name] * arm.setup.batch_size for name, arm in arms.items()}
    window_s = max(
        protocol.window_s[device] * (protocol.swapped_factor if swapped else 1),
        _least_window_s(ticker, protocol.window_ticks, max(batch_s.values())),
    )
    queries = window_queries(
        seconds_per_query,
        pass_queries=arms["baseline"].loop.pass_queries,
        step=math.lcm(*(arm.setup.batch_size for arm in arms.values())),
        window_s=window_s,
        least=protocol.window_queries,
    )
    slice_s = protocol.slice_s[device]
    in_one = ticker is not None or swapped or slice_s is None
    batches = min(queries[name] // arm.setup.batch_size for name, arm in arms.items())
    slices = 1 if in_one or slice_s is None else _even(min(round(window_s / slice_s), batches))
    period_s = ticker.period_s if ticker else 0.0
    return WindowPlan(
        queries=queries,
        slices=slices,
        ticker=ticker,
        steps=_lasting(period_s / _STEPS_A_PERIOD, arms, batch_s),
        leads=_leads(ticker, arms, batch_s),
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


def _leads(ticker: Ticker | None, arms: dict[Arm, ReadyArm], batch_s: dict[Arm, float]) -> dict[Arm, int]:
    """Queries of each arm ahead of a window: whole batches, at least one."""
    if ticker and ticker.interpolation:
        step_s = _WINDOW_MARGIN * (ticker.period_s + max(0.0, ticker.lag_s or 0.0))
        return {name: arm.setup.batch_size * math.ceil(step_s / batch_s[name]) for name, arm in arms.items()}
    is_counted = arms["baseline"].setup.device == "cuda" or ticker
    lead_s = max(_LEAD_PERIODS * (ticker.period_s if ticker else 0.0), _LEAD_S) if is_counted else 0.0
    return _lasting(lead_s, arms, batch_s)


def _lasting(least_s: float, arms: dict[Arm, ReadyArm], batch_s: dict[Arm, float]) -> dict[Arm, int]:
    """Queries of each arm that last about ``least_s``: whole batches, at least one."""
    return {name: arm.setup.batch_size * max(1, round(least_s / batch_s[name])) for name, arm in arms.items()}


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
