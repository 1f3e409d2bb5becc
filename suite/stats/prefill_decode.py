"""Prefill and decoding apart: what a generated answer costs until its first token, and each token after that.

Prefill is measured in windows of one new token a query. Decoding is the difference between whole queries and those, of
the same block and arm, so that what drifts from block to block cancels.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

from suite.record.schema import Arm, Window
from suite.stats.interval import Interval, mean_interval
from suite.stats.paired import ratio_interval, used_blocks, whole_blocks

ARMS: tuple[Arm, Arm] = ("baseline", "candidate")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrefillDecode:
    """Energy of both parts; intervals at 95 % over the blocks.

    Attributes:
        prefill_j: joules a query until the first token, by arm; absent for an arm that writes no tokens.
        decode_j: joules of each token after the first, by arm; absent where the difference is not above 0 as well.
        prefill_ratio: candidate over baseline; None where one of them is absent.
        decode_ratio: candidate over baseline; None where one of them is absent, or a block's difference not above 0.
    """

    prefill_j: dict[Arm, Interval]
    decode_j: dict[Arm, Interval]
    prefill_ratio: Interval | None
    decode_ratio: Interval | None


class _Block(NamedTuple):
    """One block of one arm: joules a query until the first token, and joules of each token after it."""

    prefill_j: float
    decode_j: float


def prefill_decode(
    windows: Sequence[Window], prefill_windows: Sequence[Window], component: str
) -> PrefillDecode | None:
    """Both parts of a query's energy.

    Args:
        windows: of whole queries.
        prefill_windows: of one new token a query.
        component: whose energy.

    Returns:
        None where no block has all windows, or both arms have one that lacks the component or its tokens.
    """
    blocks = _blocks(windows, prefill_windows, component)
    every = {arm: parts for arm in ARMS if _is_known(parts := [block[arm] for block in blocks])}
    if not every:
        return None
    decode = {arm: mean_interval([each.decode_j for each in parts]) for arm, parts in every.items()}
    pairs = list(zip(every["candidate"], every["baseline"], strict=True)) if len(every) == len(ARMS) else []
    return PrefillDecode(
        prefill_j=_known({arm: mean_interval([each.prefill_j for each in parts]) for arm, parts in every.items()}),
        decode_j=_known({arm: value for arm, value in decode.items() if value and value.estimate > 0}),
        prefill_ratio=_ratio([(candidate.prefill_j, baseline.prefill_j) for candidate, baseline in pairs]),
        decode_ratio=_ratio([(candidate.decode_j, baseline.decode_j) for candidate, baseline in pairs]),
    )


def _is_known(parts: Sequence[_Block]) -> bool:
    """Whether there is a block, and every one has both figures."""
    return bool(parts) and all(math.isfinite(value) for part in parts for value in part)


def _known(intervals: dict[Arm, Interval | None]) -> dict[Arm, Interval]:
    return {arm: interval for arm, interval in intervals.items() if interval is not None}


def _ratio(pairs: Sequence[tuple[float, float]]) -> Interval | None:
    if not pairs or min(min(pair) for pair in pairs) <= 0:
        return None
    return ratio_interval([candidate / baseline for candidate, baseline in pairs])


def _blocks(windows: Sequence[Window], prefill: Sequence[Window], component: str) -> list[dict[Arm, _Block]]:
    shorter = {block[0].block: block for block in whole_blocks(prefill)}
    found: list[dict[Arm, _Block]] = []
    for block in used_blocks(windows, component):
        if block[0].block in shorter:
            found.append({arm: _parts(block, shorter[block[0].block], arm, component) for arm in ARMS})
    return found


def _parts(whole: Sequence[Window], prefill: Sequence[Window], arm: Arm, component: str) -> _Block:
    whole_j, whole_tokens = _per_query(whole, arm, component)
    prefill_j, prefill_tokens = _per_query(prefill, arm, component)
    further = whole_tokens - prefill_tokens
    return _Block(prefill_j, (whole_j - prefill_j) / further if further > 0 else math.nan)


def _per_query(windows: Sequence[Window], arm: Arm, component: str) -> tuple[float, float]:
    """Joules and new tokens a query; NaN where they are not known."""
    chosen = [window for window in windows if window.arm == arm]
    queries = sum(window.queries for window in chosen)
    energy_j = math.fsum(window.energy_j.get(component, math.nan) for window in chosen)
    tokens = math.fsum(math.nan if window.tokens is None else window.tokens for window in chosen)
    return energy_j / queries, tokens / queries
