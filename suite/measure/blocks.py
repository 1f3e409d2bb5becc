"""Comparison: blocks of windows of both arms, until the ratio of their energies is known well enough."""

from __future__ import annotations

import dataclasses
import time
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from suite.core.meter import OpenMeter
from suite.core.protocol import Protocol
from suite.errors import ImpossibleOutput
from suite.measure.block_limits import Limits
from suite.measure.compilation import CompileWatch
from suite.measure.draft import Measured
from suite.measure.idle import idle_power
from suite.measure.interpolated_window import interpolated_window
from suite.measure.observer import Follower
from suite.measure.residency import Residency
from suite.measure.warm_up import warm_up
from suite.measure.window_plan import WindowPlan, block_s
from suite.measure.windows import RunnableArm, interleaved_windows, tick_aligned_window, whole_window
from suite.record.schema import Arm, Idle, Window
from suite.stats.interval import Interval
from suite.stats.paired import headline_component, paired_ratio

ORDERS: tuple[tuple[Arm, ...], tuple[Arm, ...]] = (
    ("baseline", "candidate", "candidate", "baseline"),
    ("candidate", "baseline", "baseline", "candidate"),
)
"""Even and odd blocks mirror each other, so that drift cancels within and across them."""


Known = typing.TypeVar("Known", bound=Measured)
"""A draft, or what is known of a comparison that is no point of a sweep."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairedWindows:
    """Both arms, warmed up, and what a window of them is."""

    arms: Mapping[Arm, RunnableArm]
    plan: WindowPlan
    seconds_per_query: dict[Arm, float]


class Blocks(typing.Protocol):
    """What ``measure_blocks`` goes on with until the ratio is known."""

    @property
    def protocol(self) -> Protocol:
        """When to stop."""

    @property
    def limits(self) -> Limits:
        """When to stop though the protocol would go on."""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``: where the arms run."""

    @property
    def is_metered(self) -> bool:
        """Whether both arms' energy is read: without it no ratio is ever known."""

    def is_known(self, windows: list[Window]) -> bool:
        """Whether the ratio is known well enough."""

    def idle(self, notify: Callable[[str], None]) -> Idle | None:
        """Power with both arms there and neither running, where it is measured; ``notify`` is told that it is."""

    def meter_facts(self) -> dict[str, Any]:
        """What the meters say of themselves."""

    def left_s(self, done: int) -> tuple[float, float]:
        """Seconds until the fewest and the most blocks are measured, where ``done`` are."""

    def windows_of(self, block: int, draft: Measured) -> Iterator[tuple[list[Window], Window]]:
        """The windows of one block as they are measured, each with the list of ``draft`` that it belongs to."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, and how its windows are measured.

    Attributes:
        whole: windows of whole queries.
        prefill: windows of the same queries with one new token each, one of each arm a block; None for none.
        protocol: when to stop.
        meter: open.
        residency: which arm lies on the device.
        compile_watch: counts what is compiled: nothing may be inside a window.
        limits: when to stop though the protocol would go on.
    """

    whole: PairedWindows
    prefill: PairedWindows | None = None
    protocol: Protocol
    meter: OpenMeter
    residency: Residency
    compile_watch: CompileWatch
    limits: Limits

    @property
    def device(self) -> str:
        """Of both arms."""
        return self.whole.arms["baseline"].setup.device

    @property
    def is_metered(self) -> bool:
        """Always."""
        return True

    def is_known(self, windows: list[Window]) -> bool:
        """See ``is_narrow``."""
        return is_narrow(windows, self.protocol, self.device)

    def idle(self, notify: Callable[[str], None]) -> Idle | None:
        """See ``idle_power``."""
        return idle_power(self.protocol, self.meter, notify)

    def meter_facts(self) -> dict[str, Any]:
        """What the meter says of itself."""
        return self.meter.describe()

    def left_s(self, done: int) -> tuple[float, float]:
        """Seconds until the fewest and the most blocks are measured, where ``done`` are."""
        each_s = _block_s(self.whole, 2) + (_block_s(self.prefill, 1) if self.prefill else 0.0)
        return blocks_left_s(self, done, each_s)

    def windows_of(self, block: int, draft: Measured) -> Iterator[tuple[list[Window], Window]]:
        """Windows of whole queries, then those of prefill.

        Raises:
            Recompiled: something was compiled inside one.
        """
        compiled, order = self.compile_watch.count, ORDERS[block % 2]
        for windows, found, arms in (
            (self.whole, draft.windows, order),
            (self.prefill, draft.prefill_windows, order[:2]),  # begins with the arm that was there last
        ):
            for window in _windows(windows, arms, self, block, draft) if windows else ():
                self.compile_watch.require_none_since(compiled, f"a window of the {window.arm}")
                yield found, window


def blocks_left_s(blocks: Blocks, done: int, each_s: float) -> tuple[float, float]:
    """Seconds until the fewest and the most blocks are measured, where ``done`` are and each takes ``each_s``."""
    protocol = blocks.protocol
    most = min(protocol.max_blocks, blocks.limits.most_blocks or protocol.max_blocks)
    return max(0, protocol.min_blocks - done) * each_s, max(0, most - done) * each_s


def _block_s(windows: PairedWindows, count: int) -> float:
    return block_s(windows.plan, windows.seconds_per_query, windows=count)


def measure_blocks(comparison: Blocks, draft: Known, observer: Follower[Known]) -> None:
    """Blocks until the interval is narrow enough (``converged``), the cap is reached or no time is left.

    Args:
        comparison: what is compared.
        draft: gets every window as it is measured, so that an error later on loses none; a warning an arm that was
            not steady when it had come in anew; and, as the last block ends, whether the target was met.
        observer: told of each block as it starts, and of what is known as it ends.
    """
    protocol, limits = comparison.protocol, comparison.limits
    most = min(protocol.max_blocks, limits.most_blocks or protocol.max_blocks)
    done = 1 + max((window.block for window in draft.windows), default=-1)
    for block in range(done, most):
        text = f"block {block + 1} of {protocol.min_blocks} to {protocol.max_blocks}"
        observer.stage(text, comparison.left_s(block))
        began_s = time.monotonic()
        for found, window in comparison.windows_of(block, draft):
            found.append(window)
        if block + 1 >= protocol.min_blocks:
            is_last = block + 1 == most or not limits.leaves_room_for(time.monotonic() - began_s)
            met = comparison.is_known(draft.windows)
            if met or is_last:
                draft.converged = met
        observer.progress(draft)
        if draft.converged is not None:
            return
    draft.converged = comparison.is_known(draft.windows)


def is_narrow(windows: list[Window], protocol: Protocol, device: str) -> bool:
    """Whether the interval of the energy ratio is as narrow as ``protocol`` asks for on ``device``.

    Raises:
        ImpossibleOutput: no component was read in every window.
    """
    ratio = energy_ratio(windows, protocol.stop_level)
    return ratio.half_width is not None and ratio.half_width <= protocol.target_half_width[device] * ratio.estimate


def _windows(
    windows: PairedWindows, order: tuple[Arm, ...], comparison: Comparison, block: int, draft: Measured
) -> Iterator[Window]:
    """One window after another in ``order``; or two in interleaved slices, which hold the order in themselves."""
    plan, meter, first = windows.plan, comparison.meter, windows.plan.stride * block
    arms = {name: dataclasses.replace(arm, first=first) for name, arm in windows.arms.items()}
    if plan.slices > 1:
        yield from interleaved_windows([arms[name] for name in order[:2]], plan.queries, plan.slices, block, meter)
        return
    for name in order:
        arm = arms[name]
        if comparison.residency.bring(name):
            _, warning = warm_up(arm, comparison.protocol)  # its weights have just come from the host
            if warning and not any(each.message.startswith(f"the {name}'s") for each in draft.warnings):
                draft.warn(warning)
        with arm.setup.held():
            window = _window(arm, plan, block, meter)
        yield window


def _window(arm: RunnableArm, plan: WindowPlan, block: int, meter: OpenMeter) -> Window:
    """One window, as the energy counter allows."""
    queries, pre_roll, ticker = plan.queries[arm.name], plan.pre_rolls[arm.name], plan.ticker
    if ticker and ticker.interpolation:
        return interpolated_window(arm, queries, block, meter, interpolation=ticker.interpolation, roll=pre_roll)
    if ticker and ticker.read:
        step = plan.steps[arm.name]
        return tick_aligned_window(arm, queries, block, meter, ticker=ticker, step=step, pre_roll=pre_roll)
    return whole_window(arm, queries, block, meter, pre_roll=pre_roll)


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
