"""Comparison: blocks of windows of both arms, until the ratio of their energies is known well enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from suite.blocks import block_ratios, ratio_interval
from suite.core.meter import OpenMeter
from suite.core.protocol import Protocol
from suite.core.residency import Residency
from suite.core.warm_up import warm_up
from suite.core.window_plan import WindowPlan
from suite.core.windows import ReadyArm, gated_window, sliced_windows, whole_window
from suite.errors import ImpossibleOutput
from suite.interval import Interval
from suite.record import Arm, RecordWarning, Window, headline_component

ORDERS: tuple[tuple[Arm, ...], tuple[Arm, ...]] = (
    ("baseline", "candidate", "candidate", "baseline"),
    ("candidate", "baseline", "baseline", "candidate"),
)
"""Even and odd blocks mirror each other, so that drift cancels within and across them."""


def measure_blocks(
    arms: dict[Arm, ReadyArm],
    plan: WindowPlan,
    protocol: Protocol,
    meter: OpenMeter,
    residency: Residency,
    notify: Callable[[str], None],
    windows: list[Window],
    warnings: list[RecordWarning],
) -> bool:
    """Blocks until the interval is narrow enough or the cap is reached.

    Args:
        arms: both, warmed up.
        plan: what a window is.
        protocol: when to stop.
        meter: open.
        residency: which arm lies on the device.
        notify: told of each block as it starts.
        windows: every window is appended as it is measured, so that an error later on loses none.
        warnings: of arms that were not steady when they had come in anew, one an arm.

    Returns:
        Whether the target was met.
    """
    device = arms["baseline"].setup.device
    for block in range(protocol.max_blocks):
        notify(f"block {block + 1} of {protocol.min_blocks} to {protocol.max_blocks}")
        for window in _block(arms, plan, protocol, meter, residency, block, warnings):
            windows.append(window)
        if block + 1 >= protocol.min_blocks:
            interval = energy_ratio(windows, protocol.stop_level)
            if interval is not None and interval.half_width <= protocol.target_half_width[device] * interval.estimate:
                return True
    return False


def _block(
    arms: dict[Arm, ReadyArm],
    plan: WindowPlan,
    protocol: Protocol,
    meter: OpenMeter,
    residency: Residency,
    block: int,
    warnings: list[RecordWarning],
) -> Iterator[Window]:
    """Four windows, ABBA or BAAB; or two in slices, which hold that order in themselves."""
    order = ORDERS[block % 2]
    if plan.slices > 1:
        yield from sliced_windows([arms[name] for name in order[:2]], plan.queries, plan.slices, block, meter)
        return
    for name in order:
        arm = arms[name]
        if residency.bring(name):
            _, warning = warm_up(arm, protocol)  # its weights have just come from the host
            if warning and not any(each.message.startswith(f"the {name}'s") for each in warnings):
                warnings.append(warning)
        if plan.ticker is None:
            yield whole_window(arm, plan.queries[name], block, meter, lead=plan.leads[name])
        else:
            yield gated_window(
                arm, plan.queries[name], block, meter,
                ticker=plan.ticker, step=plan.steps[name], lead=plan.leads[name],
            )  # fmt: skip


def energy_ratio(windows: list[Window], level: float) -> Interval | None:
    """Interval of the candidate's energy per query over the baseline's, as far as it is measured.

    Raises:
        ImpossibleOutput: no component was read in every window.
    """
    component = headline_component(windows)
    ratios = block_ratios(windows, component) if component else None
    if ratios is None:
        raise ImpossibleOutput("neither GPU nor CPU energy was read in every window")
    return ratio_interval(ratios, level)
