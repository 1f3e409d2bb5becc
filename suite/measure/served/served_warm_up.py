"""Warm-up of a server: its load runs until the time per request is steady."""

from __future__ import annotations

import time
from typing import NamedTuple

from suite.core.protocol import Protocol
from suite.core.task import cycle
from suite.endpoint.answer import Answer
from suite.endpoint.load import Load
from suite.measure.served.served_arm import ServedArm
from suite.measure.warm_up import Slopes
from suite.record.schema import RecordWarning


class WarmUp(NamedTuple):
    """What it showed: of the last run, all answers, and a warning where the cap came first."""

    seconds_per_request: float
    answers: list[Answer]
    warning: RecordWarning | None


def warm_up_server(arm: ServedArm, texts: list[str], load: Load, protocol: Protocol) -> WarmUp:
    """Runs the load until three runs in a row take as long a request.

    Raises:
        ServerFailed: a request failed.
    """
    slopes, answers = Slopes(protocol), list[Answer]()
    fewest = count = 2 * load.concurrency + 1
    while not slopes.is_over():
        began_s = time.perf_counter()
        answers += arm.run(cycle(texts, count), load, metered=False).answers
        took_s = time.perf_counter() - began_s
        slopes.add(took_s, count)
        count = max(fewest, slopes.next_size(count, took_s))
    return WarmUp(slopes.seconds_per_query[-1], answers, slopes.warning(arm.name))
