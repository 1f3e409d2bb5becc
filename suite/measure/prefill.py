"""Prefill: what a query costs before its second token, so that decoding is known from the difference.

A counter that steps ten times a second cannot part the two inside a window. So the same queries are run with one new
token each, in windows of their own; what whole queries use beyond that is decoding.
"""

from __future__ import annotations

from suite.core.meter import OpenMeter
from suite.core.setup import Setup
from suite.core.task import cycle
from suite.core.workload import Workload
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm
from suite.scoring.items import batches


def one_token_arms(
    workload: Workload, arms: dict[Arm, ReadyArm], span: int, meter: OpenMeter
) -> dict[Arm, ReadyArm] | None:
    """Both arms with one new token a query.

    Args:
        workload: that of ``arms``.
        arms: both.
        span: queries that whole windows repeat; these repeat the same.
        meter: open.

    Returns:
        None where an arm does not answer queries token by token (training among them: it answers none).
    """
    shorter = {name: task for name, arm in arms.items() if (task := arm.setup.task.with_new_tokens(1)) is not None}
    if len(shorter) < len(arms) or workload.phase == "training":
        return None
    made: dict[Arm, ReadyArm] = {}
    for name, arm in arms.items():
        setup = arm.setup.replace(task=shorter[name])
        loop = meter.watch(name, workload.loop(setup, span), prefill=True)
        made[name] = ReadyArm(name=name, setup=setup, loop=loop)
    return made


def prompt_tokens_per_query(setup: Setup, span: int) -> float | None:
    """Mean number of tokens of input, padding left out, of the first ``span`` queries; None where it is no text."""
    if setup.phase == "training" or not setup.task.generates:
        return None
    queries, tokens = cycle(setup.task.queries(), span), 0
    for examples in batches(queries, setup.batch_size):
        found = setup.task.prompt_tokens_of(setup.task.batch(setup, examples))
        if found is None:
            return None
        tokens += found
    return tokens / span
