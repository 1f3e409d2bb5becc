"""What a GPU's own sensors saw that weakens a comparison: power limits, clocks, heat, other processes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from suite.record.schema import RecordWarning, Window
from suite.stats.check_words import known, share_of, worst_of
from suite.stats.paired import whole_blocks

WARMING_K = 10.0  # leakage changes power by 0.1 to 0.2 % a kelvin, so this is worth 1 to 2 %
HOT_C = 85.0  # boards begin to slow down a few degrees above
CLOCK_CHANGE = 0.05
POWER_LIMIT = "power limit reached"  # as suite.machine.nvml.board words it: how a board under full load works
HARMLESS_REASONS = frozenset({"clocks set by the user", "clocks set for a display"})  # fixed clocks are a virtue here


def power_above_limit(windows: Sequence[Window]) -> RecordWarning | None:
    """Mean power lies above the board's limit."""
    shares = known(windows, _share_of_limit)
    above = [share - 1 for _, share in shares if share > 1]
    if not above:
        return None
    return RecordWarning(
        code="power_above_limit",
        message=f"mean power lies above the board's limit in {share_of(above, shares)}, by up to {worst_of(above)}",
        remedy="trust ratios, not joules: this board's sensor reads high, or its limit is not kept",
    )


def power_limited(windows: Sequence[Window]) -> RecordWarning | None:
    """The board worked at its power limit."""
    if not any(POWER_LIMIT in window.conditions.throttle_reasons for window in windows if window.conditions):
        return None
    return RecordWarning(
        code="power_limited",
        message="the GPU worked at its power limit: that is no fault, but its clocks follow the power",
        remedy="nothing is wrong; to compare at one clock, fix it below the limit (nvidia-smi --lock-gpu-clocks)",
    )


def throttled(windows: Sequence[Window]) -> RecordWarning | None:
    """The board held its clocks back for another reason."""
    harmless = HARMLESS_REASONS | {POWER_LIMIT}
    reasons = [set(window.conditions.throttle_reasons) - harmless for window in windows if window.conditions]
    held = [some for some in reasons if some]
    if not held:
        return None
    return RecordWarning(
        code="throttled",
        message=f"the GPU held its clocks back in {share_of(held, reasons)}: {', '.join(sorted(set().union(*held)))}",
        remedy="cool the board, or fix its clock below the limit (nvidia-smi --lock-gpu-clocks), for both arms alike",
    )


def clocks_differ(windows: Sequence[Window]) -> RecordWarning | None:
    """Both arms ran at different clocks."""
    clocks = {arm: statistics.median(seen) for arm, seen in _clocks_mhz(windows).items() if seen}
    if len(clocks) < 2 or max(clocks.values()) <= min(clocks.values()) * (1 + CLOCK_CHANGE):
        return None
    return RecordWarning(
        code="clocks_differ",
        message=f"the GPU ran the baseline at {clocks['baseline']:.0f} MHz and the candidate at "
        f"{clocks['candidate']:.0f} MHz: a part of the change in energy is the clock's",
        remedy="fix the clock (nvidia-smi --lock-gpu-clocks) to see the technique at one clock",
    )


def clocks_moved(windows: Sequence[Window]) -> RecordWarning | None:
    """An arm's clocks changed from window to window."""
    if power_limited(windows):  # clocks that follow the power are the normal state there
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


def temperature(windows: Sequence[Window]) -> RecordWarning | None:
    """The board became warmer, or is hot."""
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


def foreign(windows: Sequence[Window]) -> RecordWarning | None:
    """Other processes had work on the board."""
    counts = known(windows, lambda window: window.conditions.foreign_processes if window.conditions else None)
    shared = [count for _, count in counts if count]
    if not shared:
        return None
    return RecordWarning(
        code="foreign_processes",
        message=f"other processes (up to {max(shared):.0f}) had work on this GPU in {share_of(shared, counts)}: "
        "their energy is in the figures",
        remedy="stop them (nvidia-smi lists them) and measure again",
    )


def _share_of_limit(window: Window) -> float | None:
    limit_w = window.conditions.power_limit_w if window.conditions else None
    return window.energy_j["gpu"] / window.duration_s / limit_w if limit_w and "gpu" in window.energy_j else None


def _clocks_mhz(windows: Sequence[Window]) -> dict[str, list[float]]:
    """Of each arm's windows, as far as they are known."""
    return {arm: [mhz for _, mhz in known(_of_arm(windows, arm), _clock_mhz)] for arm in ("baseline", "candidate")}


def _clock_mhz(window: Window) -> float | None:
    """The highest seen: at the ends of a window the board may already, or still, be at rest."""
    clocks = [mhz for mhz in window.conditions.sm_clock_mhz if mhz > 0] if window.conditions else []
    return max(clocks, default=None)


def _temperatures(window: Window) -> list[float]:
    return window.conditions.temperature_c if window.conditions else []


def _of_arm(windows: Sequence[Window], arm: str) -> list[Window]:
    return [window for window in windows if window.arm == arm]
