"""What a point spends its time on, as its log tells: each stage stands there with the moment it began."""

from __future__ import annotations

import datetime
import itertools
import re
from collections import defaultdict

_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT[\d:.]+\+00:00) (.+)$", re.MULTILINE)
KINDS = {
    "started": "building the point",
    "loading": "loading the model",
    "opening": "opening the meter",
    "applying": "applying the technique",
    "both arms": "applying the technique",
    "compiling": "compiling",
    "scoring": "scoring",
    "idle": "idle",
    "warming up": "warm-up",
    "block": "blocks",
    "profiling": "profiling the device",
    "taking": "peak memory",
    "finished": "",
}
"""How the name of a stage begins, and what it is called in a table."""


def seconds_by_stage(log: str) -> dict[str, float]:
    """Seconds of each stage in the log of one attempt at a point.

    Raises:
        ValueError: the log has a stage of no known kind, or does not tell how the point ended.
    """
    moments = [(datetime.datetime.fromisoformat(moment), _kind_of(stage)) for moment, stage in _LINE.findall(log)]
    if not moments or moments[-1][1] != "finished":
        raise ValueError("the log does not tell how the point ended")
    found: dict[str, float] = defaultdict(float)
    for (began, kind), (ended, _) in itertools.pairwise(moments):
        found[KINDS[kind]] += (ended - began).total_seconds()
    return dict(found)


def _kind_of(stage: str) -> str:
    for kind in KINDS:
        if stage.startswith(kind):
            return kind
    raise ValueError(f"no known stage: {stage}")
