"""The fields of a point's summary that hold energy by token: of the answer, of all, of prefill and of decoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from suite.analysis.point.energy import energy_per_token
from suite.analysis.point.interval_fields import interval_fields
from suite.record.schema import Record, Window
from suite.stats.interval import Interval
from suite.stats.paired import every_block_ratio, ratio_interval
from suite.stats.prefill_decode import ARMS, prefill_decode

_PREFIX = {"baseline": "baseline_", "candidate": ""}


def token_fields(record: Record, windows: Sequence[Window], component: str) -> dict[str, Any]:
    """Joules of ``component`` by token; None, or absent, for an arm without tokens, or where prefill was not measured.

    Args:
        record: with the number of input tokens and the windows of prefill.
        windows: those of the record that the point's figures are made of.
        component: the headline's.
    """
    fields: dict[str, Any] = {"prompt_tokens_per_query": record.prompt_tokens_per_query}
    for arm in ARMS:
        total_j = energy_per_token(windows, arm, component, record.prompt_tokens_per_query)
        fields[f"{_PREFIX[arm]}energy_per_token_j"] = energy_per_token(windows, arm, component)
        fields[f"{_PREFIX[arm]}energy_per_total_token_j"] = total_j
    fields |= interval_fields("energy_per_token_ratio", _ratio_by_token(windows, component))
    return fields | _prefill_fields(record, component)


def _ratio_by_token(windows: Sequence[Window], component: str) -> Interval | None:
    """The candidate's joules a token over the baseline's, which is not that by query where lengths differ."""
    counted = [msgspec.structs.replace(window, queries=window.tokens) for window in windows if window.tokens]
    return ratio_interval(every_block_ratio(counted, component) or []) if len(counted) == len(windows) else None


def _prefill_fields(record: Record, component: str) -> dict[str, Any]:
    found = prefill_decode(record.windows, record.prefill_windows, component)
    if found is None:
        return {}
    fields: dict[str, Any] = {}
    for arm in ARMS:
        fields |= interval_fields(f"{_PREFIX[arm]}prefill_energy_per_query_j", found.prefill_j.get(arm))
        fields |= interval_fields(f"{_PREFIX[arm]}decode_energy_per_token_j", found.decode_j.get(arm))
    fields |= interval_fields("prefill_energy_ratio", found.prefill_ratio)
    return fields | interval_fields("decode_energy_ratio", found.decode_ratio)
