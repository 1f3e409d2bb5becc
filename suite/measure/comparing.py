"""From two arms that are ready to windows that are checked: idle power, warm-up, blocks, and what they show.

The one way in which arms are compared, whatever they run: a model under a task, a function (``suite.api``) or a server.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from suite.core.meter import OpenMeter, Ticker
from suite.core.protocol import Protocol
from suite.measure.blocks import Blocks, Known, PairedWindows, measure_blocks
from suite.measure.draft import Measured
from suite.measure.idle import mean_idle
from suite.measure.observer import Follower
from suite.measure.residency import Residency
from suite.measure.warm_up import warm_up
from suite.measure.window_plan import plan_windows
from suite.measure.windows import RunnableArm
from suite.record.schema import Arm, Idle, RecordWarning, Window
from suite.stats import cross_checks


def warmed_up(
    arms: Mapping[Arm, RunnableArm],
    protocol: Protocol,
    meter: OpenMeter,
    residency: Residency,
    draft: Measured,
    stage: Callable[[str], None],
    *,
    paced: bool = False,
    shared: Path | None = None,
) -> PairedWindows:
    """Both arms run until they are steady; the energy counter is probed, and windows are planned for both.

    Args:
        arms: both; their lists are cut to what windows run.
        protocol: how long to warm up, and least lengths of windows.
        meter: open.
        residency: which arm lies on the device.
        draft: gets a warning of an arm that was not steady.
        stage: told which arm is warmed up.
        paced: whether queries come at a pace of their own.
        shared: a folder in which points of a run share what is known of the counter.
    """
    seconds_per_query: dict[Arm, float] = {}
    ticker: Ticker | None = None
    for name, arm in arms.items():
        stage(f"warming up the {name}")
        residency.bring(name)
        seconds_per_query[name], warning = warm_up(arm, protocol)
        draft.warn(warning)
        if name == "baseline":
            ticker = meter.ticker(functools.partial(_one_batch, arm), shared=shared)
    swapped = residency.is_swapped
    plan = plan_windows(arms, seconds_per_query, protocol, ticker=ticker, swapped=swapped, paced=paced)
    for arm in arms.values():
        arm.loop.keep_first(plan.span)
    return PairedWindows(arms=arms, plan=plan, seconds_per_query=seconds_per_query)


def _one_batch(arm: RunnableArm) -> None:
    arm.loop.run_part(arm.setup.batch_size)
    arm.setup.synchronize()


def nothing_to_warn_of(windows: Sequence[Window]) -> list[RecordWarning]:
    """Of windows that nothing else is asked of."""
    return []


def measure_to_the_end(
    blocks: Blocks,
    draft: Known,
    observer: Follower[Known],
    before: Idle | None,
    *,
    warnings: Callable[[Sequence[Window]], list[RecordWarning]] = nothing_to_warn_of,
    more_time: str = cross_checks.MORE_TIME,
) -> None:
    """Blocks of windows, idle power after them, and every check of what they show, into ``draft``.

    Args:
        blocks: of both arms, warmed up.
        draft: keeps what was measured before an error, checked as well.
        observer: told of each block.
        before: idle power before the warm-up; nothing may pause between that and a window.
        warnings: what else windows are held against.
        more_time: how to give more of it, where the time was up.
    """
    try:
        measure_blocks(blocks, draft, observer)
        draft.idle = mean_idle(before, blocks.idle(observer.stage))
    finally:
        facts = blocks.meter_facts()
        draft.warnings += cross_checks.warnings_of(draft.windows, draft.idle, facts, pairing=draft.pairing)
        draft.warnings += warnings(draft.windows)
    if blocks.is_metered and not draft.converged:
        draft.warn(_not_converged(blocks, draft, more_time))


def _not_converged(blocks: Blocks, draft: Measured, more_time: str) -> RecordWarning:
    protocol, count = blocks.protocol, 1 + max(window.block for window in draft.windows)
    target, early = protocol.target_half_width[blocks.device], count < protocol.max_blocks
    return cross_checks.not_converged(count, target, stopped_early=early, more_time=more_time)
