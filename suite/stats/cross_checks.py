"""Cross-checks: what the instruments saw that weakens a figure. One warning a kind and point, each with a remedy.

The limits are conventions, chosen above what a sound instrument shows in simulation and below what would move a
ratio by more than the protocol's target. What cannot be is no warning but an error (``suite.measure.windows``).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from suite.record.schema import Arm, Idle, RecordWarning, Window
from suite.stats.paired import headline_component, whole_blocks

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
WARMING_K = 10.0  # leakage changes power by 0.1 to 0.2 % a kelvin, so this is worth 1 to 2 %
HOT_C = 85.0  # boards begin to slow down a few degrees above
CLOCK_CHANGE = 0.05
BUSY_ENOUGH = 0.7
"""Below this share of busy time the energy of a GPU is mostly that of waiting."""
IDLE_CHANGE = 0.1
MOSTLY = 0.5
"""Share of its parameters from which on a model counts as quantised."""
MORE_TIME = "give more time (budget=…): the same command goes on where it stopped"
POWER_LIMIT = "power limit reached"  # as suite.machine.nvml.board words it: how a board under full load works
HARMLESS_REASONS = frozenset({"clocks set by the user", "clocks set for a display"})  # fixed clocks are a virtue here

Measure = Callable[[Window], float | None]


def warnings_of(
    windows: Sequence[Window],
    idle: Idle | None,
    meter_description: Mapping[str, Any],
    *,
    pairing: str | None = None,
) -> list[RecordWarning]:
    """Everything that a point's windows show against their own figures, the gravest first.

    Args:
        windows: of both arms, as measured.
        idle: power without work; None where it was not read.
        meter_description: what the open meter says of itself: ``components`` by name.
        pairing: ``resident`` or ``swapped``.
    """
    component = headline_component(list(windows))
    if component is None:
        return []
    method = windows[0].method.get(component, "")
    board = _board(meter_description)
    tick_s = counter_period_s(board)
    found = [
        _not_measured(method),
        _gpu_not_read(component, meter_description),
        _cpu_estimated(component, method),
        _counter_disagrees(windows, tick_s),
        _integral_disagrees(windows),
        _missing_ticks(windows, tick_s),
        _no_tick(component, board),
        _unaligned(windows, tick_s),
        _power_above_limit(windows),
        _power_limited(windows),
        _throttled(windows),
        _clocks_differ(windows),
        _clocks_moved(windows),
        _temperature(windows),
        _foreign(windows),
        _idle_moved(idle, component),
        _idle_above_work(windows, idle, component),
        _swapped(pairing),
    ]
    return [warning for warning in found if warning]


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


def not_steady(arm: Arm, spread: float | None, cap_s: float) -> RecordWarning:
    """The warm-up of ``arm`` ended at its cap: its last three slopes differ by the share ``spread``; None: too few."""
    varied = f"still varied by {100 * spread:.1f} %" if spread is not None else "could not be seen to be steady"
    return RecordWarning(
        code="not_steady",
        message=f"the {arm}'s time per query {varied} after {cap_s:g} s",
        remedy="stop other work on this machine, or allow a longer warm-up (protocol.warmup_max_s)",
    )


def not_converged(
    blocks: int, target: float, *, stopped_early: bool = False, more_time: str = MORE_TIME
) -> RecordWarning:
    """The comparison ended after ``blocks`` with an interval wider than ``target`` (a share) each way.

    Args:
        blocks: measured.
        target: of the half-width.
        stopped_early: the time was up, not the protocol's cap reached.
        more_time: how to give more of it.
    """
    fewer_disturbances = "stop other work on this machine, or give more blocks (protocol=strict)"
    return RecordWarning(
        code="not_converged",
        message=f"after {blocks} blocks the interval is still wider than {100 * target:g} % each way",
        remedy=more_time if stopped_early else fewer_disturbances,
    )


def host_bound(busy: Mapping[str, float], runtime: str) -> RecordWarning | None:
    """The GPU waits for the host: its busy share lies below ``BUSY_ENOUGH`` in an arm."""
    low = {arm: share for arm, share in busy.items() if share < BUSY_ENOUGH}
    if not low:
        return None
    shares = " and ".join(f"{100 * share:.0f} % of the {arm}'s" for arm, share in sorted(low.items()))
    return RecordWarning(
        code="host_bound",
        message=f"the GPU works in {shares} time and waits for the host in the rest: this ratio compares launches more "
        "than what was computed",
        remedy="enlarge the batch (batch_size=…)"
        if runtime == "compiled"
        else "compile the model (runtime=compiled) or enlarge the batch (batch_size=…)",
    )


def partly_quantised(effect: Mapping[str, Any]) -> RecordWarning | None:
    """A technique quantised less than half of the model's parameters, as seen on both arms (a record's ``effect``)."""
    before, after = (effect.get(arm, {}).get("quantised_share_of_all", 0.0) for arm in ("baseline", "candidate"))
    if not before < after < MOSTLY:
        return None
    return RecordWarning(
        code="partly_quantised",
        message=f"{100 * after:.0f} % of the model's parameters are quantised: embeddings, convolutions, the output "
        "head and the experts of a mixture that are stored as one tensor stay as they were",
        remedy="read the ratio as that of this part of the model, not as the format's",
    )


def _board(meter_description: Mapping[str, Any]) -> Mapping[str, Any]:
    gpu = meter_description.get("components", {}).get("gpu")
    return gpu if isinstance(gpu, Mapping) else {}


def _not_measured(method: str) -> RecordWarning | None:
    basis, _, how = method.partition(":")
    if basis not in ("simulated", "replayed"):
        return None
    return RecordWarning(
        code="not_measured",
        message=f"energy was {basis}, not measured ({how}): it says nothing about this machine",
        remedy="measure with meter=codecarbon before using the figures",
    )


def _gpu_not_read(component: str, meter_description: Mapping[str, Any]) -> RecordWarning | None:
    boards = meter_description.get("boards")
    if component == "gpu" or not boards:
        return None
    return RecordWarning(
        code="gpu_energy_not_read",
        message=f"the energy of {len(boards)} GPUs is absent, since some of them have an energy counter and others "
        "have none: what is shown is the CPU's alone",
        remedy="leave the GPUs without one out (CUDA_VISIBLE_DEVICES)",
    )


def _cpu_estimated(component: str, method: str) -> RecordWarning | None:
    if component != "cpu" or not method.startswith("estimated"):
        return None
    return RecordWarning(
        code="cpu_energy_estimated",
        message="CPU energy is an estimate (CPU time x TDP): it ranks techniques by CPU time, not by power",
        remedy="run on bare metal with readable RAPL files (python -m suite.doctor says how), or on a GPU",
    )


def _counter_disagrees(windows: Sequence[Window], tick_s: float | None) -> RecordWarning | None:
    shares = _known(windows, counter_difference)
    beyond = [share for window, share in shares if abs(share) > counter_allowed(window, tick_s)]
    if not beyond:
        return None
    return RecordWarning(
        code="counter_disagrees",
        message=f"CodeCarbon and the GPU's own counter differ in {_of(beyond, shares)}, by up to {_worst(beyond)}",
        remedy="check that no other process drives this GPU, and that one GPU is visible",
    )


def _integral_disagrees(windows: Sequence[Window]) -> RecordWarning | None:
    share = integral_difference(windows)
    if share is None or abs(share) <= INTEGRAL_AGREEMENT:
        return None
    return RecordWarning(
        code="integral_disagrees",
        message=f"energy and the integral of the board's power differ by {_worst([share])} over all windows",
        remedy="trust ratios, not joules, on this board; longer windows (protocol=strict) show whether it is constant",
    )


def _missing_ticks(windows: Sequence[Window], tick_s: float | None) -> RecordWarning | None:
    if tick_s is None:
        return None
    still = _known(windows, lambda window: window.conditions.longest_still_s if window.conditions else None)
    beyond = [still_s for _, still_s in still if still_s > STILL_TICKS * tick_s]
    if not beyond:
        return None
    return RecordWarning(
        code="missing_ticks",
        message=f"the energy counter, which rises every {1e3 * tick_s:.0f} ms, stood still for up to "
        f"{1e3 * max(beyond):.0f} ms in {_of(beyond, still)}",
        remedy="use longer windows (protocol=strict), and leave a core to the driver",
    )


def _no_tick(component: str, board: Mapping[str, Any]) -> RecordWarning | None:
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


def _unaligned(windows: Sequence[Window], tick_s: float | None) -> RecordWarning | None:
    unaligned = [window for window in windows if window.edges in (None, "unaligned")]
    if tick_s is None or not unaligned:
        return None
    worst = max(tick_s / window.duration_s for window in unaligned)
    return RecordWarning(
        code="unaligned",
        message=f"{_of(unaligned, windows)} began and ended anywhere between two steps of the energy counter: "
        f"wrong by up to {100 * worst:.1f} %",
        remedy="leave a core to the driver, and use longer windows (protocol=strict)",
    )


def _power_above_limit(windows: Sequence[Window]) -> RecordWarning | None:
    shares = _known(windows, _share_of_limit)
    above = [share - 1 for _, share in shares if share > 1]
    if not above:
        return None
    return RecordWarning(
        code="power_above_limit",
        message=f"mean power lies above the board's limit in {_of(above, shares)}, by up to {_worst(above)}",
        remedy="trust ratios, not joules: this board's sensor reads high, or its limit is not kept",
    )


def _share_of_limit(window: Window) -> float | None:
    limit_w = window.conditions.power_limit_w if window.conditions else None
    return window.energy_j["gpu"] / window.duration_s / limit_w if limit_w and "gpu" in window.energy_j else None


def _power_limited(windows: Sequence[Window]) -> RecordWarning | None:
    if not any(POWER_LIMIT in window.conditions.throttle_reasons for window in windows if window.conditions):
        return None
    return RecordWarning(
        code="power_limited",
        message="the GPU worked at its power limit: that is no fault, but its clocks follow the power",
        remedy="nothing is wrong; to compare at one clock, fix it below the limit (nvidia-smi --lock-gpu-clocks)",
    )


def _throttled(windows: Sequence[Window]) -> RecordWarning | None:
    harmless = HARMLESS_REASONS | {POWER_LIMIT}
    reasons = [set(window.conditions.throttle_reasons) - harmless for window in windows if window.conditions]
    held = [some for some in reasons if some]
    if not held:
        return None
    return RecordWarning(
        code="throttled",
        message=f"the GPU held its clocks back in {_of(held, reasons)}: {', '.join(sorted(set().union(*held)))}",
        remedy="cool the board, or fix its clock below the limit (nvidia-smi --lock-gpu-clocks), for both arms alike",
    )


def _clocks_differ(windows: Sequence[Window]) -> RecordWarning | None:
    clocks = {arm: statistics.median(seen) for arm, seen in _clocks_mhz(windows).items() if seen}
    if len(clocks) < 2 or max(clocks.values()) <= min(clocks.values()) * (1 + CLOCK_CHANGE):
        return None
    return RecordWarning(
        code="clocks_differ",
        message=f"the GPU ran the baseline at {clocks['baseline']:.0f} MHz and the candidate at "
        f"{clocks['candidate']:.0f} MHz: a part of the change in energy is the clock's",
        remedy="fix the clock (nvidia-smi --lock-gpu-clocks) to see the technique at one clock",
    )


def _clocks_moved(windows: Sequence[Window]) -> RecordWarning | None:
    if _power_limited(windows):  # clocks that follow the power are the normal state there
        return None
    clocks = _clocks_mhz(windows)
    moved = {arm: max(seen) / min(seen) - 1 for arm, seen in clocks.items() if seen}
    worst = max(moved, key=lambda arm: moved[arm], default=None)
    if worst is None or moved[worst] <= CLOCK_CHANGE:
        return None
    return RecordWarning(
        code="clocks_moved",
        message=f"the GPU ran the {worst}'s windows at {min(clocks[worst]):.0f} to {max(clocks[worst]):.0f} MHz",
        remedy="fix the clock (nvidia-smi --lock-gpu-clocks), or warm up for longer (protocol.warmup_min_s)",
    )


def _clocks_mhz(windows: Sequence[Window]) -> dict[str, list[float]]:
    """Of each arm's windows, as far as they are known."""
    return {arm: [mhz for _, mhz in _known(_of_arm(windows, arm), _clock_mhz)] for arm in ("baseline", "candidate")}


def _clock_mhz(window: Window) -> float | None:
    """The highest seen: at the ends of a window the board may already, or still, be at rest."""
    clocks = [mhz for mhz in window.conditions.sm_clock_mhz if mhz > 0] if window.conditions else []
    return max(clocks, default=None)


def _temperature(windows: Sequence[Window]) -> RecordWarning | None:
    blocks = [[c for window in block for c in _temperatures(window)] for block in whole_blocks(windows)]
    means = [statistics.fmean(block) for block in blocks if block]
    if not means:
        return None
    rise_k, highest_c = means[-1] - means[0], max(max(block) for block in blocks if block)
    if abs(rise_k) <= WARMING_K and highest_c < HOT_C:
        return None
    return RecordWarning(
        code="temperature",
        message=f"the GPU went from {means[0]:.0f} to {means[-1]:.0f} °C between the first and the last block, "
        f"at most {highest_c:.0f} °C",
        remedy="warm up for longer (protocol.warmup_min_s), or cool the board better",
    )


def _temperatures(window: Window) -> list[float]:
    return window.conditions.temperature_c if window.conditions else []


def _foreign(windows: Sequence[Window]) -> RecordWarning | None:
    counts = _known(windows, lambda window: window.conditions.foreign_processes if window.conditions else None)
    shared = [count for _, count in counts if count]
    if not shared:
        return None
    return RecordWarning(
        code="foreign_processes",
        message=f"other processes (up to {max(shared):.0f}) had work on this GPU in {_of(shared, counts)}: "
        "their energy is in the figures",
        remedy="stop them (nvidia-smi lists them) and measure again",
    )


def _idle_moved(idle: Idle | None, component: str) -> RecordWarning | None:
    if idle is None or component not in idle.before_w or component not in idle.after_w:
        return None
    before_w, after_w = idle.before_w[component], idle.after_w[component]
    if abs(after_w - before_w) <= IDLE_CHANGE * idle.power_w[component]:
        return None
    return RecordWarning(
        code="idle_moved",
        message=f"idle power was {before_w:.1f} W before the blocks and {after_w:.1f} W after them; "
        "the interval of the net ratio holds both",
        remedy="allow a longer rest before idle is read (protocol.idle_settle_s)",
    )


def _idle_above_work(windows: Sequence[Window], idle: Idle | None, component: str) -> RecordWarning | None:
    idle_w = idle.power_w.get(component) if idle else None
    if idle_w is None:
        return None
    powers_w = [window.energy_j[component] / window.duration_s for window in windows]
    below = [power_w for power_w in powers_w if power_w <= idle_w]
    if not below:
        return None
    return RecordWarning(
        code="idle_above_work",
        message=f"{_of(below, windows)} drew no more than the idle power of {idle_w:.1f} W (least {min(below):.1f} W)",
        remedy="look for other work on this machine while it should idle; the net ratio cannot be used",
    )


def _swapped(pairing: str | None) -> RecordWarning | None:
    if pairing != "swapped":
        return None
    return RecordWarning(
        code="swapped",
        message="the two models do not fit together and were swapped: every window follows a load and a new warm-up, "
        "so its figures include what is left of re-warming",
        remedy="use a GPU with room for both, or a smaller batch",
    )


def _of_arm(windows: Sequence[Window], arm: str) -> list[Window]:
    return [window for window in windows if window.arm == arm]


def _known(windows: Sequence[Window], measure: Measure) -> list[tuple[Window, float]]:
    """Those windows for which there is a figure, with it."""
    pairs = [(window, measure(window)) for window in windows]
    return [(window, value) for window, value in pairs if value is not None]


def _of(some: Sequence[object], every: Sequence[object]) -> str:
    return f"{len(some)} of {len(every)} windows"


def _worst(shares: Sequence[float]) -> str:
    return f"{100 * max(map(abs, shares)):.1f} %"
