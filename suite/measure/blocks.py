"""Comparison: blocks of windows of both arms, until the ratio of their energies is known well enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from suite.core.meter import OpenMeter
from suite.core.protocol import Protocol
from suite.errors import ImpossibleOutput
from suite.measure.compilation import CompileWatch
from suite.measure.draft import Draft
from suite.measure.interpolated_window import interpolated_window
from suite.measure.residency import Residency
from suite.measure.warm_up import warm_up
from suite.measure.window_plan import WindowPlan
from suite.measure.windows import ReadyArm, gated_window, sliced_windows, whole_window
from suite.record.schema import Arm, Window
from suite.stats.interval import Interval
from suite.stats.paired import headline_component, paired_ratio

ORDERS: tuple[tuple[Arm, ...], tuple[Arm, ...]] = (
    ("baseline", "candidate", "candidate", "baseline"),
    ("candidate", "baseline", "baseline", "candidate"),
)
"""Even and odd blocks mirror each other, so that drift cancels within and across them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Both arms, ready, and how their windows are measured.

    Attributes:
        arms: both, warmed up.
        windows: what a window is.
        protocol: when to stop.
        meter: open.
        residency: which arm lies on the device.
        compile_watch: counts what is compiled: nothing may be inside a window.
    """

    arms: dict[Arm, ReadyArm]
    windows: WindowPlan
    protocol: Protocol
    meter: OpenMeter
    residency: Residency
    compile_watch: CompileWatch


def measure_blocks(comparison: Comparison, draft: Draft, notify: Callable[[str], None]) -> None:
    """Blocks until the interval is narrow enough (``converged``) or the cap is reached.

    Args:
        comparison: what is compared.
        draft: gets every window as it is measured, so that an error later on loses none; a warning an arm that was
            not steady when it had come in anew; and whether the target was met.
        notify: told of each block as it starts.
    """
    protocol = comparison.protocol
    target = protocol.target_half_width[comparison.arms["baseline"].setup.device]
    draft.converged = False
    for block in range(protocol.max_blocks):
        notify(f"block {block + 1} of {protocol.min_blocks} to {protocol.max_blocks}")
        compiled = comparison.compile_watch.count
        for window in _block(comparison, block, draft):
            comparison.compile_watch.require_none_since(compiled, f"a window of the {window.arm}")
            draft.windows.append(window)
        if block + 1 >= protocol.min_blocks:
            interval = energy_ratio(draft.windows, protocol.stop_level)
            half_width = interval.half_width
            if half_width is not None and half_width <= target * interval.estimate:
                draft.converged = True
                return


def _block(comparison: Comparison, block: int, draft: Draft) -> Iterator[Window]:
    """Four windows, ABBA or BAAB; or two in interleaved chunks, which hold that order in themselves."""
    arms, plan, meter = comparison.arms, comparison.windows, comparison.meter
    order = ORDERS[block % 2]
    if plan.slices > 1:
        yield from sliced_windows([arms[name] for name in order[:2]], plan.queries, plan.slices, block, meter)
        return
    for name in order:
        arm = arms[name]
        if comparison.residency.bring(name):
            _, warning = warm_up(arm, comparison.protocol)  # its weights have just come from the host
            if warning and not any(each.message.startswith(f"the {name}'s") for each in draft.warnings):
                draft.warn(warning)
        if plan.ticker is None:
            yield whole_window(arm, plan.queries[name], block, meter, lead=plan.leads[name])
        elif plan.ticker.interpolation:
            yield interpolated_window(
                arm, plan.queries[name], block, meter,
                interpolation=plan.ticker.interpolation, roll=plan.leads[name],
            )  # fmt: skip
        else:
            yield gated_window(
                arm, plan.queries[name], block, meter,
                ticker=plan.ticker, step=plan.steps[name], lead=plan.leads[name],
            )  # fmt: skip


def energy_ratio(windows: list[Window], level: float) -> Interval:
    """Interval of the candidate's energy per query over the baseline's, as far as it is measured.

    Raises:
        ImpossibleOutput: no component was read in every window.
    """
    component = headline_component(windows)
    ratio = paired_ratio(windows, component, level=level) if component else None
    if ratio is None:
        raise ImpossibleOutput("neither GPU nor CPU energy was read in every window")
    return ratio
