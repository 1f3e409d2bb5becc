"""Cross-checks: what the instruments saw that weakens a figure. One warning a kind and point, each with a remedy.

The limits are conventions, chosen above what a sound instrument shows in simulation and below what would move a
ratio by more than the protocol's target. What cannot be is no warning but an error (``suite.measure.windows``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.record.schema import Arm, Idle, RecordWarning, Window
from suite.stats import board_checks, counter_checks
from suite.stats.check_words import share_of
from suite.stats.paired import headline_component

BUSY_ENOUGH = 0.7
"""Below this share of busy time the energy of a GPU is mostly that of waiting."""
IDLE_CHANGE = 0.1
MOSTLY = 0.5
"""Share of its parameters from which on a model counts as quantised."""
MORE_TIME = "give more time (budget=…): the same command goes on where it stopped"


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
    tick_s = counter_checks.counter_period_s(board)
    found = [
        _not_measured(method),
        _gpu_not_read(component, meter_description),
        _cpu_estimated(component, method),
        counter_checks.counter_disagrees(windows, tick_s),
        counter_checks.integral_disagrees(windows),
        counter_checks.missing_ticks(windows, tick_s),
        counter_checks.no_tick(component, board),
        counter_checks.unaligned(windows, tick_s),
        board_checks.power_above_limit(windows),
        board_checks.power_limited(windows),
        board_checks.throttled(windows),
        board_checks.clocks_differ(windows),
        board_checks.clocks_moved(windows),
        board_checks.temperature(windows),
        board_checks.foreign(windows),
        _idle_moved(idle, component),
        _idle_above_work(windows, idle, component),
        _swapped(pairing),
    ]
    return [warning for warning in found if warning]


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
        message=f"{share_of(below, windows)} drew no more than the idle power of {idle_w:.1f} W "
        f"(least {min(below):.1f} W)",
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
