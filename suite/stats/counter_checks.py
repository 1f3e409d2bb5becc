"""Whether the readings of a GPU's energy agree: CodeCarbon's, the raw counter's and the integral of its power."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from suite.record.schema import RecordWarning, Window
from suite.stats.check_words import known, share_of, worst_of

COUNTER_AGREEMENT = 0.005
"""Share by which CodeCarbon and the raw counter may differ, or one step of the counter where that is more."""
READING_STEPS = 1.25
"""Steps by which CodeCarbon and the interpolated counter may differ: its own reading takes a part of one."""
INTEGRAL_AGREEMENT = 0.05
"""Share by which the counter and the integral of the polled power may differ over all windows of a point.

Sensors are good to about 5 %. Boards renew the power that they show every 100 ms and it stands for all of that time, so
single windows differ by more."""
TRUTH_AGREEMENT = 0.01
"""Share by which a window may miss a simulated truth, or half a step of the counter where that is more."""
UNKNOWN_TICK_S = 0.1  # a step of the counter where none was probed: that of the boards documented so far
STILL_TICKS = 3  # a counter that does not rise for longer has left steps out


def counter_period_s(gpu: Mapping[str, Any]) -> float | None:
    """Time between two steps of the counter, from what the meter says of the GPU; older records call it ``tick_s``."""
    found = gpu.get("period_s", gpu.get("tick_s"))
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def counter_difference(window: Window) -> float | None:
    """CodeCarbon's GPU energy over that of the raw counter, less 1; None where there is no raw counter.

    The raw counter was interpolated at the window's ends, or read at the same two moments as CodeCarbon's.
    """
    read_j = window.energy_j.get("gpu")
    if window.edges == "interpolated":
        read_j, counter_j = window.codecarbon_energy_j.get("gpu"), read_j
    else:
        counter_j = window.conditions.counter_j if window.conditions else None
    return read_j / counter_j - 1 if counter_j and read_j is not None else None


def counter_allowed(window: Window, tick_s: float | None) -> float:
    """How far the two may lie apart in ``window``, as a share: 0.5 %, or one step where that is more."""
    steps = READING_STEPS if window.edges == "interpolated" else 1
    return max(COUNTER_AGREEMENT, steps * (tick_s or UNKNOWN_TICK_S) / window.duration_s)


def integral_difference(windows: Sequence[Window]) -> float | None:
    """Energy of all ``windows`` over the integral of the polled power, less 1; None where power was not polled.

    The energy is the counter's where it was read, else the meter's.
    """
    pairs = [
        (window.conditions.counter_j or window.energy_j.get("gpu"), window.conditions.integral_j)
        for window in windows
        if window.conditions
    ]
    known = [(read_j, integral_j) for read_j, integral_j in pairs if read_j is not None and integral_j]
    if not known:
        return None
    return math.fsum(read_j for read_j, _ in known) / math.fsum(integral_j for _, integral_j in known) - 1


def truth_difference(window: Window) -> float | None:
    """The reading over the truth, less 1, worst of the components; None but for a simulated instrument."""
    truth_j = window.conditions.truth_j if window.conditions else {}
    shares = [
        window.energy_j[name] / truth_j[name] - 1 for name in truth_j if name in window.energy_j and truth_j[name]
    ]
    return max(shares, key=abs, default=None)


def truth_allowed(window: Window, tick_s: float | None) -> float:
    """How far the reading may lie from the truth in ``window``, as a share: 1 %, or half a step where that is more.

    An interpolated one may miss it by three times its own uncertainty instead of half a step.
    """
    if window.edges == "interpolated":
        return max(TRUTH_AGREEMENT, 3 * window.energy_uncertainty_j["gpu"] / window.energy_j["gpu"])
    return max(TRUTH_AGREEMENT, (tick_s or UNKNOWN_TICK_S) / window.duration_s / 2)


def counter_disagrees(windows: Sequence[Window], tick_s: float | None) -> RecordWarning | None:
    """CodeCarbon and the raw counter differ by more than a step of it."""
    shares = known(windows, counter_difference)
    beyond = [share for window, share in shares if abs(share) > counter_allowed(window, tick_s)]
    if not beyond:
        return None
    return RecordWarning(
        code="counter_disagrees",
        message=f"CodeCarbon and the GPU's own counter differ in {share_of(beyond, shares)}, "
        f"by up to {worst_of(beyond)}",
        remedy="check that no other process drives this GPU, and that one GPU is visible",
    )


def integral_disagrees(windows: Sequence[Window]) -> RecordWarning | None:
    """Energy and the integral of the polled power differ by more than boards' sensors do."""
    share = integral_difference(windows)
    if share is None or abs(share) <= INTEGRAL_AGREEMENT:
        return None
    return RecordWarning(
        code="integral_disagrees",
        message=f"energy and the integral of the board's power differ by {worst_of([share])} over all windows",
        remedy="trust ratios, not joules, on this board; longer windows (protocol=strict) show whether it is constant",
    )


def missing_ticks(windows: Sequence[Window], tick_s: float | None) -> RecordWarning | None:
    """The counter stood still for longer than its steps take."""
    if tick_s is None:
        return None
    still = known(windows, lambda window: window.conditions.longest_still_s if window.conditions else None)
    beyond = [still_s for _, still_s in still if still_s > STILL_TICKS * tick_s]
    if not beyond:
        return None
    return RecordWarning(
        code="missing_ticks",
        message=f"the energy counter, which rises every {1e3 * tick_s:.0f} ms, stood still for up to "
        f"{1e3 * max(beyond):.0f} ms in {share_of(beyond, still)}",
        remedy="use longer windows (protocol=strict), and leave a core to the driver",
    )


def no_tick(component: str, board: Mapping[str, Any]) -> RecordWarning | None:
    """The steps of the counter are not known."""
    if component != "gpu" or "energy_counter" not in board or counter_period_s(board) is not None:
        return None
    what = "the steps of the GPU's energy counter could not be timed"
    if not board["energy_counter"]:
        what = "the GPU has no energy counter: its power was sampled"
    return RecordWarning(
        code="no_tick",
        message=f"{what}, so windows open and close at any moment",
        remedy="use longer windows (protocol=strict): the error of a window falls with its length",
    )


def unaligned(windows: Sequence[Window], tick_s: float | None) -> RecordWarning | None:
    """Windows began and ended between two steps of the counter."""
    unaligned = [window for window in windows if window.edges in (None, "unaligned")]
    if tick_s is None or not unaligned:
        return None
    worst = max(tick_s / window.duration_s for window in unaligned)
    return RecordWarning(
        code="unaligned",
        message=f"{share_of(unaligned, windows)} began and ended anywhere between two steps of the energy counter: "
        f"wrong by up to {100 * worst:.1f} %",
        remedy="leave a core to the driver, and use longer windows (protocol=strict)",
    )
